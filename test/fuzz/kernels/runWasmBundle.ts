// Runs a bundle in this process's WebAssembly engine: no process and no file per graph. Memory is poisoned before the run;
// parallel phases are cut into ranges that run out of order, as threads might.
import type { Bundle } from '../../../compiler/bundle/bundle.ts';
import { weightsInMemory } from '../../../compiler/bundle/weights.ts';
import { importsOf } from '../../../compiler/emit/wasm/imports.ts';
import type { Index } from '../../../compiler/loop/indexExpr.ts';
import { evaluateIndex } from '../../../compiler/loop/indexExpr.ts';
import type { ModelSource } from '../../../compiler/onnx/source.ts';
import { emitWasm } from '../../../compiler/run/emitWasm.ts';
import { runTables } from '../../../compiler/run/runTables.ts';
import { wasmLayout } from '../../../compiler/run/wasm/wasmProgram.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import { dtypeOf, makeTensor } from '../../../compiler/tensor/tensor.ts';

type Phase = (...args: readonly number[]) => number;

const PAGE = 65536;
/** As floats: not a number. */
const POISON = 0xff;
const THREADS = 3;

/** One for all runs: engines reserve gigabytes of addresses for each. */
const memory = new WebAssembly.Memory({ initial: 16 });

/** Throws Error where a check of a kernel fails or the code traps. */
export function runWasmBundle(
  bundle: Bundle,
  source: ModelSource,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  if (bundle.symbols.length > 0) throw new Error('sizes that depend on data are not run here');
  const { module, exports, emitted } = emitWasm(bundle, false);
  const tables = runTables(bundle, emitted);
  const layout = wasmLayout(tables, THREADS);
  if (memory.buffer.byteLength < layout.bytes) {
    memory.grow(Math.ceil((layout.bytes - memory.buffer.byteLength) / PAGE));
  }
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  bytes.fill(0, 0, layout.arena).fill(POISON, layout.arena, layout.bytes);
  layout.scratch.forEach((at) => bytes.fill(POISON, at, at + tables.scratchBytes));
  const addressOf = (buffer: number): number => {
    const { space, offset } = bundle.buffers[buffer]!;
    return (space === 'weights' ? layout.weights : layout.arena) + offset;
  };
  bytes.set(weightsInMemory(bundle, source), layout.weights);
  bundle.inputs.forEach(({ buffer }, i) => bytes.set(inputs[i]!.bytes, addressOf(buffer)));

  const compiled = new WebAssembly.Module(module as BufferSource);
  const instance = new WebAssembly.Instance(compiled, importsOf(memory));
  bundle.steps.forEach(({ kernel, buffers }, step) => {
    const table = layout.buffers[step]!;
    buffers.forEach((buffer, i) => view.setUint32(table + 4 * i, addressOf(buffer), true));
    tables.kernels[kernel]!.phases.forEach((parallel, phase) => {
      const run = instance.exports[exports[kernel]![phase]!] as Phase;
      const extent = parallel === null ? 1 : numberOf(parallel.extent);
      for (const [begin, end, thread] of parallel === null ? [[0, 1, 0]] : rangesOf(extent)) {
        const code = run(table, layout.sizes[step]!, begin!, end!, layout.scratch[thread!]!);
        if (code === 0) continue;
        const { operator, message } = emitted[kernel]!.checks[code - 1]!;
        throw new Error(`the check of ${operator} failed: ${message}`);
      }
    });
  });
  return bundle.outputs.map(({ buffer, storage, dims }) => {
    const at = addressOf(buffer);
    const own = bytes.slice(at, at + bundle.buffers[buffer]!.bytes);
    return makeTensor(dtypeOf(storage), dims.map(numberOf), own);
  });
}

/** [begin, end, thread), not empty, together [0, extent). */
function rangesOf(extent: number): readonly (readonly number[])[] {
  const middle = Math.floor(extent / 3);
  const ranges = [
    [middle, extent - 1, 0],
    [0, middle, 1],
    [Math.max(middle, extent - 1), extent, 2],
  ];
  return ranges.filter(([begin, end]) => begin! < end!);
}

export function numberOf(index: Index): number {
  const open = (name: string): never => {
    throw new Error(`${name} is open`);
  };
  return evaluateIndex(index, open, open);
}
