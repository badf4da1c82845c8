// What a module looks like from outside: exports, names, imports, refusals; and a register-tiled product.
import { describe, expect, it } from 'vitest';
import { phasesOf } from '../../../../compiler/emit/phases.ts';
import { emitModule } from '../../../../compiler/emit/wasm/emitModule.ts';
import { hasRelaxedSimd } from '../../../../compiler/emit/wasm/features.ts';
import { binary, literal, load, read, unary } from '../../../../compiler/loop/expr.ts';
import { constant, variable } from '../../../../compiler/loop/indexExpr.ts';
import { globalBuffer, localBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { programOf, rowSums, run } from '../../loop/programs.ts';
import { differences } from './comparing.ts';
import { gemm } from './gemm.ts';
import { runInWasm } from './runInWasm.ts';

function moduleOf(...programs: readonly LoopProgram[]) {
  const kernels = programs.map((program, i) => ({ name: `k${i}`, phased: phasesOf(program) }));
  const { bytes } = emitModule(kernels);
  expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
  return { bytes, module: new WebAssembly.Module(bytes as BufferSource) };
}

function elementwise(op: 'exp' | 'sin'): LoopProgram {
  const x = globalBuffer('x', 'f32', [constant(8)]);
  const y = globalBuffer('y', 'f32', [constant(8)]);
  const at = [variable('i')];
  return programOf([x], [y], [loop('i', constant(8), [store(y, at, unary(op, load(x, at)))])]);
}

describe('a module', () => {
  it('exports a function per phase and imports memory only', () => {
    const { module, bytes } = moduleOf(rowSums(), elementwise('exp'));
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual(['k0_0', 'k1_0']);
    const imports = WebAssembly.Module.imports(module);
    expect(imports.map(({ module: from, name }) => `${from}.${name}`)).toEqual(['memory.memory']);
    expect(WebAssembly.Module.customSections(module, 'name')).toHaveLength(1);
    expect(new TextDecoder().decode(bytes)).toContain('exp_f32');
  });

  it('imports rare functions from Math', () => {
    const imports = WebAssembly.Module.imports(moduleOf(elementwise('sin')).module);
    expect(imports.map(({ name }) => name)).toEqual(['memory', 'sin']);
  });

  it('takes shared memory', () => {
    const kernels = [{ name: 'k', phased: phasesOf(rowSums()) }];
    const { bytes } = emitModule(kernels, { sharedMemory: true });
    const module = new WebAssembly.Module(bytes as BufferSource);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    expect(() => new WebAssembly.Instance(module, { memory: { memory } })).not.toThrow();
  });

  it('refuses accesses that are not proven, and buffers that 32 bits do not address', () => {
    const y = globalBuffer('y', 'f32', [constant(8)]);
    const put = (at: number): Stmt => store(y, [constant(at)], literal('f32', 1));
    expect(() => moduleOf(programOf([], [y], [put(8)]))).toThrow('not proven in range');
    const large = globalBuffer('large', 'f32', [constant(2 ** 29)]);
    expect(() => moduleOf(programOf([large], [y], [put(0)]))).toThrow('2 GiB');
  });

  it('asks for scratch of locals inside parallel loops', () => {
    const y = globalBuffer('y', 'f32', [constant(8)]);
    const rows = [5, 40].map((count) => localBuffer(`row${count}`, 'f32', [constant(count)]));
    const body: Stmt[] = rows.map((buffer) => ({ kind: 'local', buffer }));
    const put = store(y, [variable('i')], literal('f32', 1));
    const program = programOf([], [y], [loop('i', constant(8), [...body, put], 'parallel')]);
    const { kernels } = emitModule([{ name: 'k', phased: phasesOf(program) }]);
    expect(kernels[0]!.scratchBytes).toEqual(constant(64 + 192));
  });
});

it('reads again what a loop changes at its end', () => {
  const y = globalBuffer('y', 'f32', [constant(4)]);
  const cell = localBuffer('cell', 'f32', [constant(1)]);
  const first = load(cell, [constant(0)]);
  const sum = read('sum', 'f32');
  const both = binary('add', first, sum);
  const program = programOf(
    [],
    [y],
    [
      { kind: 'local', buffer: cell },
      store(cell, [constant(0)], literal('f32', 1)),
      { kind: 'variable', name: 'sum', initial: literal('f32', 10) },
      { kind: 'let', name: 'before', value: both },
      loop('i', constant(4), [
        store(y, [variable('i')], both),
        store(cell, [constant(0)], binary('add', first, literal('f32', 1))),
        { kind: 'assign', name: 'sum', value: binary('add', sum, literal('f32', 10)) },
      ]),
    ],
  );
  expect(runInWasm(program, [])).toEqual([[11, 22, 33, 44]]);
});

describe('a register-tiled product', () => {
  const [m, k, n] = [12, 10, 48];
  const inputs = [m * k, k * n].map((count) =>
    Array.from({ length: count }, (_, i) => (i % 17) - 8),
  );

  it.each([
    [4, 2, 1],
    [6, 2, 1],
    [2, 4, 2],
    [3, 3, 5],
  ])('%d x %d vectors, %d steps unrolled', (rows, vectors, unroll) => {
    const program = gemm(m, k, n, rows, vectors, unroll);
    const [expected] = run(program, inputs);
    for (const relaxedSimd of hasRelaxedSimd(WebAssembly as never) ? [false, true] : [false]) {
      const [actual] = runInWasm(program, inputs, {}, { relaxedSimd, pieces: 2 });
      expect(differences(actual!, expected!)).toEqual([]);
    }
  });
});
