// Speed of the emitted matrix product, by tile, beside onnxruntime-web (installed in test/peers), one thread,
// alternating rounds. Prints the fast decile and the median of each in GFLOP/s of this process's own time.
//
//   npm run bench -- wasmGemm [rounds]
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasRelaxedSimd } from '../../compiler/emit/wasm/features.ts';
import { input, model, node, tensor } from '../compiler/onnx/protoWriter.ts';
import { gemm, packed } from '../compiler/emit/wasm/gemm.ts';
import { WasmProgram } from '../compiler/emit/wasm/runInWasm.ts';

const [M, K, N] = [384, 768, 768];
const ROUNDS = Number(process.argv[2] ?? 20);

function random(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  });
}

const a = random(M * K);
const b = random(K * N);

interface Contender {
  readonly name: string;
  readonly call: () => unknown;
  readonly times: number[];
}

function ours(rows: number, vectors: number, relaxedSimd: boolean): Contender {
  const program = new WasmProgram(gemm(M, K, N, rows, vectors), { relaxedSimd });
  const { call, outputs } = program.prepare([[...a], [...packed(b, K, N, 4 * vectors)]]);
  call();
  const first = outputs()[0]![N + 1] as number;
  let expected = 0;
  for (let k = 0; k < K; k++) expected += a[K + k]! * b[k * N + 1]!;
  if (Math.abs(first - expected) > 1e-3) throw new Error(`${first} instead of ${expected}`);
  return {
    name: `${rows}x${4 * vectors}${relaxedSimd ? ' madd' : ''}`,
    call,
    times: [],
  };
}

async function peer(): Promise<Contender | undefined> {
  const path = resolve('test/peers/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs');
  if (!existsSync(path)) return undefined;
  const ort = await import(pathToFileURL(path).href);
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(
    model({
      opset: 13,
      inputs: [input('a', 'float32', [M, K])],
      nodes: [node('MatMul', ['a', 'b'], ['c'])],
      outputs: ['c'],
      initializers: [tensor('b', 'float32', [K, N], new Uint8Array(b.buffer))],
    }),
  );
  const feeds = { a: new ort.Tensor('float32', a, [M, K]) };
  return { name: 'onnxruntime-web', call: () => session.run(feeds), times: [] };
}

const relaxed = hasRelaxedSimd(WebAssembly as never);
const contenders: Contender[] = [];
for (const [rows, vectors] of [
  [4, 2],
  [6, 2],
  [4, 3],
  [2, 4],
  [3, 3],
] as const) {
  if (M % rows === 0 && N % (4 * vectors) === 0) {
    contenders.push(ours(rows, vectors, false));
    if (relaxed) contenders.push(ours(rows, vectors, true));
  }
}
const other = await peer();
if (other !== undefined) contenders.push(other);

for (let round = 0; round < ROUNDS + 4; round++) {
  for (const { call, times } of contenders) {
    // Time of this process: other programs do not count.
    const start = process.cpuUsage();
    await call();
    if (round >= 4) times.push(process.cpuUsage(start).user / 1000);
  }
}
for (const { name, times } of contenders) {
  times.sort((x, y) => x - y);
  const rate = (at: number): string => ((2 * M * K * N) / times[at]! / 1e6).toFixed(1);
  console.log(
    `${name}: ${rate(Math.floor(times.length / 10))} / ${rate(times.length >> 1)} GFLOP/s`,
  );
}
