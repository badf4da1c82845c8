import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Graph, Model } from '../../../compiler/graph/graph.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import { expectGolden } from '../../goldens.ts';

const folder = new URL('../../models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

function importFile(path: string): Model {
  const source = openModelFile(path);
  try {
    return importModel(source);
  } finally {
    source.close();
  }
}

function countOperators(graph: Graph): number {
  let count = graph.operators.length;
  for (const { subgraphs } of graph.operators) {
    for (const subgraph of subgraphs.values()) count += countOperators(subgraph);
  }
  return count;
}

describe('the 15 models', () => {
  const summary: string[] = [];

  it.each(names)('%s is imported without errors', (name) => {
    const { graph, diagnostics, opsets } = importFile(fileURLToPath(new URL(name, folder)));
    expect(verifyGraph(graph)).toEqual([]);
    expect(diagnostics.map(({ code }) => code)).toEqual(['model/external-missing']);
    expect(graph.operators.map(({ type }) => type)).not.toContain('Constant');
    const types = new Map<string, number>();
    for (const { type } of graph.operators) types.set(type, (types.get(type) ?? 0) + 1);
    const all = countOperators(graph);
    const inside = all - graph.operators.length;
    summary.push(
      `${name}: ${graph.operators.length} operators${inside ? ` + ${inside} in subgraphs` : ''}, ` +
        `${graph.values.filter(({ constant }) => constant).length} constants, opset ${opsets.get('')}`,
      ...[...types].sort().map(([type, count]) => `  ${count} ${type}`),
    );
  });

  it('consist of the same operators as before', () => {
    expect(names).toHaveLength(15);
    expectGolden(new URL('./models.golden.txt', import.meta.url), summary.join('\n'));
  });
});

describe('the operator cases of ONNX', () => {
  it('are imported without errors, except where the case itself is odd', () => {
    const problems: string[] = [];
    for (const { name, model } of nodeTestCases()) {
      try {
        const { graph, diagnostics } = importFile(model);
        problems.push(...verifyGraph(graph).map((problem) => `${name}: ${problem}`));
        for (const { severity, message } of diagnostics) {
          if (severity === 'error') problems.push(`${name}: ${message}`);
        }
      } catch (error) {
        problems.push(`${name}: ${(error as Error).message}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
