/** The engine's WebAssembly API, as far as it is used: Node's types do not declare it, and the DOM's are not ours. */

/** Compiled code; threads share it. */
export interface WasmModule {
  readonly kind?: 'module';
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

export type WasmExports = Readonly<Record<string, (...args: readonly number[]) => number>>;

interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Memory: new (options: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => WasmMemory;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: WasmExports };
}

export const engine: Engine = (globalThis as unknown as { readonly WebAssembly: Engine })
  .WebAssembly;
