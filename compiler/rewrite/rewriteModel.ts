/**
 * Mathematical-property rewriting of an inferred model (DNNFusion section 4.2), its subgraphs first. A pure function:
 * the same model and settings give the same result. What comes out is inferred like what went in.
 */
import type { Bindings } from '../graph/dim.ts';
import type { Graph, Model, Operator } from '../graph/graph.ts';
import { Estimator } from '../ecg/estimate.ts';
import { finishGraph } from './finishGraph.ts';
import { RewriteGraph } from './rewriteGraph.ts';
import type { RewriteApplication, RewriteResult, RewriteSettings } from './rewrite.ts';
import { Rewriter } from './rewriter.ts';
import { RuleIndex } from './ruleIndex.ts';
import { ALL_RULES } from './rules/index.ts';

const INDEX = new RuleIndex(ALL_RULES);

/**
 * @param model after `inferModel`
 * @param bindings of the same inference: sizes left open are ranked by their usual values
 */
export function rewriteModel(
  model: Model,
  settings: RewriteSettings,
  bindings: Bindings = new Map(),
): RewriteResult {
  if (!settings.enabled) return { model, applications: [], declined: [] };
  const pass = new Pass(model, settings, new Estimator(model.symbols, bindings));
  const graph = pass.rewrite(model.graph);
  const { applications, declined } = pass;
  if (applications.length === 0) return { model, applications, declined };
  const opsets = withDomains(model.opsets, graph);
  return { model: { ...model, opsets, graph }, applications, declined };
}

class Pass {
  readonly applications: RewriteApplication[] = [];
  readonly declined: RewriteApplication[] = [];

  constructor(
    private readonly model: Model,
    private readonly settings: RewriteSettings,
    private readonly estimator: Estimator,
  ) {}

  rewrite(graph: Graph): Graph {
    const rewriteGraph = new RewriteGraph(this.model, this.withBodies(graph), this.estimator);
    const rewriter = new Rewriter(rewriteGraph, INDEX, this.settings);
    rewriter.run();
    this.applications.push(...rewriter.applications);
    this.declined.push(...rewriter.declined());
    return rewriter.applications.length === 0 ? rewriteGraph.graph : finishGraph(rewriteGraph);
  }

  /** The graph with its subgraphs rewritten. */
  private withBodies(graph: Graph): Graph {
    if (graph.operators.every(({ subgraphs }) => subgraphs.size === 0)) return graph;
    const operators = graph.operators.map((operator): Operator => {
      if (operator.subgraphs.size === 0) return operator;
      const bodies = [...operator.subgraphs].map(
        ([name, body]) => [name, this.rewrite(body)] as const,
      );
      return { ...operator, subgraphs: new Map(bodies) };
    });
    return { ...graph, operators };
  }
}

/** Domains that rules brought in get their first version. */
function withDomains(opsets: Model['opsets'], graph: Graph): Model['opsets'] {
  const all = new Map(opsets);
  for (const { domain, opset } of graph.operators) if (!all.has(domain)) all.set(domain, opset);
  return all;
}
