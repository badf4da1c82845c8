/**
 * The one door to other programs: started with argument arrays and never through a shell, with a deadline, a limit on
 * what they print, and an end when the caller cancels. Never rejects because of how the program ends.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { RunCancelled, RunFailure } from './runFailure.ts';

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly limitMs: number;
  /** Of standard output and error, each; what comes after is dropped. Default 1 MiB. */
  readonly mostOutput?: number;
}

export interface ProcessResult {
  /** null: it ended by a signal, or did not start. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Why it did not start. */
  readonly failure?: string;
}

/** Output of a finished program. Throws RunCancelled, after the program has ended. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<ProcessResult> {
  if (options.signal?.aborted) throw new RunCancelled();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? cleanEnvironment(),
  });
  const stdout = collect(child, 'stdout', options.mostOutput);
  const stderr = collect(child, 'stderr', options.mostOutput);
  const end = await ended(child, options);
  return { ...end, stdout: stdout(), stderr: stderr() };
}

export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly failure?: string;
}

/** A child process, or what stands for a program on a device. */
export interface FollowedProcess extends Pick<ChildProcess, 'stdout' | 'stderr'> {
  kill(signal?: NodeJS.Signals): boolean;
  once(event: 'error', listener: (error: Error) => void): unknown;
  once(
    event: 'close',
    listener: (status: number | null, signal: NodeJS.Signals | null) => void,
  ): unknown;
}

/**
 * Waits for the end; kills at the deadline and when the signal fires. Throws RunCancelled after the end, and a RunFailure
 * with which a program that is no child process explains its end.
 */
export async function ended(
  child: FollowedProcess,
  { signal, limitMs }: Pick<ProcessOptions, 'signal' | 'limitMs'>,
): Promise<ProcessEnd> {
  let timedOut = false;
  const kill = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limitMs);
  if (signal) {
    // One per running program, and compilers run on every core: Node would warn of the eleventh.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
  }
  try {
    const end = await new Promise<Omit<ProcessEnd, 'timedOut'>>((resolve, reject) => {
      child.once('error', (error) => {
        if (error instanceof RunFailure) reject(signal?.aborted ? new RunCancelled() : error);
        resolve({ status: null, signal: null, failure: error.message });
      });
      child.once('close', (status, ended) => resolve({ status, signal: ended }));
    });
    if (signal?.aborted) throw new RunCancelled();
    return { ...end, timedOut };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  }
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr', most = 1 << 20): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child[stream]?.on('data', (chunk: Buffer) => {
    if (bytes < most) chunks.push(chunk.subarray(0, most - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Ours, without what would change what compilers and Node do; inside VS Code a fork runs as plain Node. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1', LC_ALL: 'C' };
  for (const name of UNWANTED) delete env[name];
  return env;
}

const UNWANTED = [
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'LD_PRELOAD',
  // They change what a compiler reads, not its identity in the cache.
  'CPATH',
  'C_INCLUDE_PATH',
  'LIBRARY_PATH',
  'GCC_EXEC_PREFIX',
  'COMPILER_PATH',
  'DEPENDENCIES_OUTPUT',
  'SUNPRO_DEPENDENCIES',
];
