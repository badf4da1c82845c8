// ONNX Runtime in a process of its own, so that its memory can be told apart: one model, timed as often as asked.
// Messages: {engine, model, threads, inputs} -> {ready}; {repeat, budgetMs} -> {times, peakBytes}.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../peers/package.json', import.meta.url));
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
};
let session;
let feeds;

async function open({ engine, model, bytes, external, threads, inputs, optimise }) {
  const ort = require(engine);
  if (engine === 'onnxruntime-web') {
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
  }
  const options = {
    logSeverityLevel: 3,
    graphOptimizationLevel: optimise ? 'all' : 'disabled',
    executionProviders: [engine === 'onnxruntime-web' ? 'wasm' : 'cpu'],
    ...(engine === 'onnxruntime-web'
      ? { externalData: external }
      : { intraOpNumThreads: threads, interOpNumThreads: 1 }),
  };
  session = await ort.InferenceSession.create(
    engine === 'onnxruntime-web' ? bytes : model,
    options,
  );
  feeds = {};
  for (const { name, dtype, dims, bytes: raw } of inputs) {
    feeds[name] = new ort.Tensor(dtype, new ARRAYS[dtype](Uint8Array.from(raw).buffer), dims);
  }
}

async function repeat({ repeat: most, budgetMs }) {
  const times = [];
  const end = performance.now() + budgetMs;
  do {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  } while (times.length < most && performance.now() < end);
  return { times, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

process.on('message', async (message) => {
  try {
    if (message.engine) {
      await open(message);
      process.send({ ready: true });
    } else process.send(await repeat(message));
  } catch (error) {
    process.send({ failed: String(error?.message ?? error).slice(0, 300) });
  }
});
process.on('disconnect', () => process.exit());
