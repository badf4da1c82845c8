import { describe, expect, it } from 'vitest';
import { loadOnnxRuntime, loadOnnxRuntimeWeb, onnxRuntimeInstalled } from './onnxRuntime.ts';
import { nodeTestCases } from './nodeTests.ts';

describe.skipIf(!onnxRuntimeInstalled())('ONNX Runtime as oracle', () => {
  const model = nodeTestCases().find((one) => one.name === 'test_abs')?.model ?? '';

  it.each([
    ['native', loadOnnxRuntime],
    ['WebAssembly', loadOnnxRuntimeWeb],
  ])('runs a model (%s)', async (_name, load) => {
    const ort = load();
    const session = await ort.InferenceSession.create(model);
    const x = new ort.Tensor('float32', new Float32Array(60).fill(-2), [3, 4, 5]);
    const { y } = await session.run({ x });
    expect(y?.dims).toEqual([3, 4, 5]);
    expect(y?.data[59]).toBe(2);
    await session.release();
  });
});
