/**
 * What the WebAssembly engine of this process can do, found out by asking it.
 */
import type { WasmFunction } from './encoder/module.ts';
import { encodeModule } from './encoder/module.ts';
import { instruction } from './encoder/code.ts';

/** Types of WebAssembly without the DOM's. */
export interface WasmEngine {
  validate(bytes: Uint8Array): boolean;
}

/** Whether `f32x4.relaxed_madd` exists: a fused multiply-add where the processor has one. */
export function hasRelaxedSimd(engine: WasmEngine): boolean {
  const probe: WasmFunction = {
    name: 'probe',
    parameters: [],
    results: ['v128'],
    exported: true,
    code: [
      instruction('v128.const', ...new Array<number>(16).fill(0)),
      instruction('v128.const', ...new Array<number>(16).fill(0)),
      instruction('v128.const', ...new Array<number>(16).fill(0)),
      instruction('f32x4.relaxed_madd'),
    ],
  };
  const memory = { module: 'memory', name: 'memory', shared: false };
  return engine.validate(encodeModule(memory, [], [probe]));
}
