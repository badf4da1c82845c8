// The oracle of the tests: ONNX Runtime, native and WebAssembly. It lives in a package of its own
// (test/peers) which `npm test` installs; types come from onnxruntime-common.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as ort from 'onnxruntime-common';

/** The API that both ONNX Runtime packages share: `InferenceSession`, `Tensor`, `env`. */
export type OnnxRuntime = typeof ort;

const peers = new URL('../peers/package.json', import.meta.url);

/** Whether the peers are installed; if not: `npm ci` in test/peers with ONNXRUNTIME_NODE_INSTALL=skip. */
export function onnxRuntimeInstalled(): boolean {
  return existsSync(new URL('./node_modules/onnxruntime-node/package.json', peers));
}

/** Loads the native CPU runtime. Throws when the peers are not installed. */
export function loadOnnxRuntime(): OnnxRuntime {
  return createRequire(peers)('onnxruntime-node') as OnnxRuntime;
}

/** Loads the WebAssembly runtime (one thread unless `env.wasm.numThreads` says more). */
export function loadOnnxRuntimeWeb(): OnnxRuntime {
  return createRequire(peers)('onnxruntime-web') as OnnxRuntime;
}
