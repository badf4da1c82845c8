// One model before and after rewriting, in numbers: for the golden table and the benchmark.
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import { foldConstants } from '../../../compiler/infer/foldConstants.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import type { RewriteResult, RewriteSettings } from '../../../compiler/rewrite/rewrite.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { rewriteModel } from '../../../compiler/rewrite/rewriteModel.ts';

export interface Totals {
  readonly operators: number;
  readonly flops: number;
  /** Of all tensors that operators write. */
  readonly bytes: number;
}

export interface ModelSummary {
  readonly before: Totals;
  readonly after: Totals;
  readonly result: RewriteResult;
  /** Applications by rule, most first. */
  readonly rules: ReadonlyMap<string, number>;
  readonly milliseconds: number;
}

export function totalsOf(model: Model): Totals {
  const nodes = buildEcg(model, new Map()).nodes.filter(({ isConstant }) => !isConstant);
  const sum = (of: (node: (typeof nodes)[number]) => number): number =>
    nodes.reduce((total, node) => total + of(node), 0);
  return {
    operators: nodes.length,
    flops: sum(({ flopsEstimate }) => flopsEstimate),
    bytes: sum(({ irsEstimate }) => irsEstimate),
  };
}

export function modelSummary(
  path: string,
  settings: RewriteSettings = DEFAULT_REWRITES,
): ModelSummary {
  const source = openModelFile(path);
  try {
    const model = foldConstants(inferModel(importModel(source), { bindings: new Map() }));
    const start = performance.now();
    const rewritten = rewriteModel(model, settings);
    const milliseconds = performance.now() - start;
    const result = { ...rewritten, model: foldConstants(rewritten.model) };
    const counts = new Map<string, number>();
    for (const { rule } of result.applications) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    return {
      before: totalsOf(model),
      after: totalsOf(result.model),
      result,
      rules: new Map([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
      milliseconds,
    };
  } finally {
    source.close();
  }
}

/** What does not depend on the machine. */
export function summaryLine({ before, after, rules }: ModelSummary): string {
  const line = (name: keyof Totals): string => `${name} ${before[name]} -> ${after[name]}`;
  const applied = [...rules].map(([rule, count]) => `  ${rule} ${count}`);
  return [line('operators'), line('flops'), line('bytes'), 'applications', ...applied, ''].join(
    '\n',
  );
}
