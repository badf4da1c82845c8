// The 15 models: what rewriting does to each, as a table that is reviewed as a diff. Never more FLOPs or bytes.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isSymbolic } from '../../../compiler/graph/dim.ts';
import type { ValueType } from '../../../compiler/graph/types.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { rewriteModel } from '../../../compiler/rewrite/rewriteModel.ts';
import { expectGolden } from '../../goldens.ts';
import { modelSummary, summaryLine } from './modelSummary.ts';

const folder = new URL('../../models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

/** Sizes that a run finds out are named anew by every inference. */
function plain(type: ValueType): string {
  if (type.kind !== 'tensor') return type.kind;
  const dims = type.shape?.map((dim) => (isSymbolic(dim) ? '?' : dim));
  return `${type.dtype} ${dims?.join('×')}`;
}

describe('rewriting the 15 models', () => {
  it.each(names)('%s', (name) => {
    const summary = modelSummary(fileURLToPath(new URL(name, folder)));
    const { before, after, result } = summary;
    expect(verifyGraph(result.model.graph)).toEqual([]);
    expect(after.flops).toBeLessThanOrEqual(before.flops);
    expect(after.bytes).toBeLessThanOrEqual(before.bytes);
    // Inferred like what went in: inferring the result anew says nothing new.
    const again = inferModel(result.model, { bindings: new Map() });
    expect(again.diagnostics.length).toBe(result.model.diagnostics.length);
    const types = new Map(again.graph.values.map((value) => [value.name, plain(value.type)]));
    for (const { name: value, type, producer } of result.model.graph.values) {
      if (producer >= 0 && types.has(value)) expect(types.get(value), value).toBe(plain(type));
    }
    expect(rewriteModel(result.model, DEFAULT_REWRITES).applications).toEqual([]);
    expectGolden(
      new URL(`goldens/${name.replace('.onnx', '')}.txt`, import.meta.url),
      summaryLine(summary),
    );
  });
});
