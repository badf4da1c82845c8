// ONNX's operator cases, lowered without a schedule, on WebAssembly instead of the interpreter.
import { describe, expect, it } from 'vitest';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import type { Cells } from '../../../../compiler/loop/memory.ts';
import { elementsOf } from '../../../../compiler/loop/memory.ts';
import { nodeTestCases } from '../../../setup/nodeTests.ts';
import type { CaseResult } from '../../lower/conformance.ts';
import { judge } from '../../lower/conformance.ts';
import { runInWasm } from './runInWasm.ts';

function run(
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

describe('operator cases of ONNX', () => {
  const results = nodeTestCases().map((one) => judge(one, { run }));
  const of = (kind: CaseResult['verdict']['kind']): readonly CaseResult[] =>
    results.filter(({ verdict }) => verdict.kind === kind);

  it('give the expected outputs', () => {
    const failed = of('failed').map(({ name, verdict }) => [name, verdict]);
    if (process.env.FUSION_FAILED) console.log(failed.map((f) => JSON.stringify(f)).join('\n'));
    expect(failed).toEqual([]);
  });

  it('are many', () => {
    console.log(`passed ${of('passed').length}, unsupported ${of('unsupported').length}`);
    expect(of('passed').length).toBeGreaterThanOrEqual(600);
  });
});
