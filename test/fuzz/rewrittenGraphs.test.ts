// Random graphs give the same with rewriting as without. FUZZ_GRAPHS=n runs n graphs, FUZZ_SEED starts elsewhere.
import { describe, expect, it } from 'vitest';
import { randomGraph } from './randomGraph.ts';
import { algebraicGraph } from './algebraicGraph.ts';
import { rewrittenGraph, wrongWith } from './rewrittenGraphs.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 80);
const FIRST = Number(process.env['FUZZ_SEED'] ?? 0);

describe('rewritten random graphs', () => {
  it(`${GRAPHS} of them, over most operators`, () => {
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      // What jumps (Floor, ArgMax) tells rounding apart.
      const graph = rewrittenGraph(randomGraph(seed, { continuous: true }), seed);
      expect(wrongWith(graph), `seed ${seed}`).toBeUndefined();
    }
  }, 600_000);

  it(`${GRAPHS} of them, dense in what rules are about`, () => {
    const used = new Set<string>();
    for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
      const graph = rewrittenGraph(algebraicGraph(seed), seed);
      expect(wrongWith(graph), `seed ${seed}`).toBeUndefined();
      for (const { rule } of graph.result.applications) used.add(rule);
    }
    // The test means something only where many rules meet.
    if (GRAPHS >= 80) expect(used.size).toBeGreaterThan(15);
  }, 600_000);
});
