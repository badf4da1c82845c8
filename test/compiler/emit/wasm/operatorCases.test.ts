// ONNX's operator cases on WebAssembly instead of the interpreter, as lowered and as scheduled for it.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { Cells } from '../../../../compiler/loop/memory.ts';
import { elementsOf } from '../../../../compiler/loop/memory.ts';
import { scheduleProgram } from '../../../../compiler/schedule/scheduleProgram.ts';
import { TARGETS } from '../../../../compiler/target/target.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import type { CaseResult } from '../../lower/conformance.ts';
import { judge } from '../../lower/conformance.ts';
import { runInWasm } from './runInWasm.ts';

function runProgram(
  program: LoopProgram,
  sizes: ReadonlyMap<string, number>,
  memory: ReadonlyMap<string, Cells>,
): void {
  const inputs = program.inputs.map(({ name }) => elementsOf(memory.get(name)!));
  const outputs = runInWasm(program, inputs, Object.fromEntries(sizes), { pieces: 2 });
  program.outputs.forEach(({ name }, i) => {
    outputs[i]!.forEach((element, at) => memory.get(name)!.set(at, element));
  });
}

/** Nothing is constant and no layout is chosen, so memory stays row-major. */
const nothing = { constants: new Set<string>(), layouts: new Map() };

const ways: Readonly<Record<string, typeof runProgram>> = {
  'as lowered': runProgram,
  scheduled(program, sizes, memory) {
    const scheduled = scheduleProgram(program, { target: TARGETS.wasm, ...nothing });
    runProgram(scheduled.program, sizes, memory);
  },
};

describe.each(Object.keys(ways))('operator cases of ONNX %s', (way) => {
  it('give the expected outputs', { timeout: 120_000 }, () => {
    const results = nodeTestCases().map((one) => judge(one, { run: ways[way]! }));
    const of = (kind: CaseResult['verdict']['kind']): readonly CaseResult[] =>
      results.filter(({ verdict }) => verdict.kind === kind);
    console.log(`passed ${of('passed').length}, unsupported ${of('unsupported').length}`);
    expect(of('failed').map(({ name, verdict }) => [name, verdict])).toEqual([]);
    expect(of('passed').length).toBeGreaterThanOrEqual(600);
  });
});
