/**
 * From an imported model to the graph that is drawn, planned, run and exported: types and sizes, then rewriting, and
 * what only constants decide out of the graph before and after it. Everybody who needs that graph asks here.
 */
import type { Bindings } from '../graph/dim.ts';
import type { Model } from '../graph/graph.ts';
import { foldConstants } from '../infer/foldConstants.ts';
import { inferModel } from '../infer/inferModel.ts';
import type { RewriteResult, RewriteSettings } from './rewrite.ts';
import { rewriteModel } from './rewriteModel.ts';

export interface SimplifiedModel extends RewriteResult {
  /** Before rewriting. */
  readonly inferred: Model;
}

/** @param imported canonical, not yet inferred */
export function simplifyModel(
  imported: Model,
  bindings: Bindings,
  settings: RewriteSettings,
): SimplifiedModel {
  return simplifyInferred(inferModel(imported, { bindings }), bindings, settings);
}

/** @param model after `inferModel` with the same bindings */
export function simplifyInferred(
  model: Model,
  bindings: Bindings,
  settings: RewriteSettings,
): SimplifiedModel {
  const inferred = foldConstants(model);
  const rewritten = rewriteModel(inferred, settings, bindings);
  return { ...rewritten, inferred, model: foldConstants(rewritten.model) };
}
