/**
 * The process that runs a module: the main thread only watches (time limit, the caller's death, a thread that dies), the
 * leader thread runs the steps, more threads help it. Says the same JSON lines as the native program.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { importsOf } from '../../emit/wasm/imports.ts';
import { readRunnerArguments } from '../runnerOptions.ts';
import type { RunnerMessage } from '../runProtocol.ts';
import type { WasmMemory, WasmModule } from '../../emit/wasm/engine.ts';
import { engine } from '../../emit/wasm/engine.ts';
import type { PhaseCall } from './wasmPool.ts';
import { ThreadControl } from './wasmPool.ts';
import type { WasmLayout, WasmProgram } from './wasmProgram.ts';
import { MODULE_FILE, MOST_MEMORY_BYTES, PROGRAM_FILE, wasmLayout } from './wasmProgram.ts';
import { RunEnd } from './runEnd.ts';
import { WasmRun } from './wasmRun.ts';
import { writeLine } from './writeLine.ts';

/** What every thread needs. */
interface ThreadData {
  readonly role: 'wasm';
  readonly thread: number;
  readonly args: readonly string[];
  readonly module: WasmModule;
  readonly memory: WasmMemory | null;
  readonly control: SharedArrayBuffer;
  readonly program: WasmProgram;
}

const PAGE = 65536;

function say(message: RunnerMessage): void {
  writeLine(JSON.stringify(message));
}

/** Ends the process with an error line. */
function fail(fields: RunEnd['fields']): never {
  say({ kind: 'error', ...fields });
  process.exit(1);
}

/** The main thread. */
export function startWasmProcess(args: readonly string[], script: string): void {
  // Whoever asked is gone: nobody reads the results.
  process.once('disconnect', () => process.exit(2));
  const { threads, limitSeconds, weights } = readRunnerArguments(args);
  say({ kind: 'hello', runner: 'wasm 1', threads, cores: availableParallelism() });
  const folder = dirname(weights);
  const program = JSON.parse(readFileSync(join(folder, PROGRAM_FILE), 'utf8')) as WasmProgram;
  // Optimised code from the first call on: V8 would leave small kernels in its baseline compiler for long.
  setFlagsFromString('--no-liftoff');
  const module = compile(readFileSync(join(folder, MODULE_FILE)));
  const memory = threads > 1 ? allocate(program, threads) : null;
  const control = ThreadControl.create(threads);
  if (limitSeconds > 0) {
    setTimeout(() => {
      fail({ step: control.step, message: 'the time limit is over' });
    }, limitSeconds * 1000).unref();
  }
  for (let thread = 0; thread < threads; thread++) {
    const shared = { role: 'wasm', args, module, memory, program } as const;
    const data: ThreadData = { ...shared, thread, control: control.memory };
    const worker = new Worker(script, { workerData: data, stdout: false });
    worker.once('error', (error) => {
      fail({ step: control.step, message: describe(error) });
    });
    // Helpers never end; the run is over when the leader is.
    if (thread === 0) worker.once('exit', (status) => process.exit(status));
  }
}

/** Whether this thread was started by `startWasmProcess`. */
export function isWasmThread(): boolean {
  return !isMainThread && (workerData as { role?: unknown } | null)?.role === 'wasm';
}

export function runWasmThread(): void {
  const data = workerData as ThreadData;
  const { threads, ...options } = readRunnerArguments(data.args);
  const { tables } = data.program;
  const control = new ThreadControl(data.control, threads);
  const memory = data.memory ?? allocate(data.program, threads);
  const layout = wasmLayout(tables, threads);
  const call = phaseCall(data, memory, layout);
  if (data.thread > 0) control.serve(data.thread, call);
  control.awaitThreads();
  const run = new WasmRun(tables, layout, memory.buffer, control, call, say);
  try {
    run.run(options, { ...options, threads });
  } catch (error) {
    if (error instanceof RunEnd) return endWith(error.fields);
    return endWith({ step: control.step, message: describe(error) });
  }
  say({ kind: 'memory', peakBytes: process.resourceUsage().maxRSS * 1024 });
  say({ kind: 'done' });
}

/** In a thread, `exit` ends the thread: the main thread passes the status on. */
function endWith(fields: RunEnd['fields']): void {
  say({ kind: 'error', ...fields });
  process.exit(1);
}

function compile(bytes: Uint8Array): WasmModule {
  try {
    return new engine.Module(bytes);
  } catch (error) {
    return fail({ message: `the engine refuses the module: ${describe(error)}` });
  }
}

function allocate({ tables }: WasmProgram, threads: number): WasmMemory {
  const { bytes } = wasmLayout(tables, threads);
  const gibibytes = (bytes / 2 ** 30).toFixed(2);
  if (bytes > MOST_MEMORY_BYTES) {
    fail({ message: `${gibibytes} GiB are needed, WebAssembly has not enough memory (4 GiB)` });
  }
  const pages = Math.ceil(bytes / PAGE);
  try {
    return threads > 1
      ? new engine.Memory({ initial: pages, maximum: 65536, shared: true })
      : new engine.Memory({ initial: pages });
  } catch {
    return fail({ message: `there is not enough memory for ${gibibytes} GiB` });
  }
}

function phaseCall(
  { module, program }: ThreadData,
  memory: WasmMemory,
  layout: WasmLayout,
): PhaseCall {
  const { exports } = new engine.Instance(module, importsOf(memory));
  const functions = program.exports.map((names) => names.map((name) => exports[name]!));
  const { buffers, sizes, scratch } = layout;
  return (thread, step, kernel, phase, begin, end) =>
    functions[kernel]![phase]!(buffers[step]!, sizes[step]!, begin, end, scratch[thread]!);
}

/** One line without what JSON or a terminal would stumble over. */
function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300);
}
