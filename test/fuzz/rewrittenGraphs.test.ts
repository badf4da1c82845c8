// Random graphs give the same with rewriting as without, on the interpreter and as WebAssembly. FUZZ_GRAPHS=n runs n graphs
// (half over most operators, half dense in what rules are about), FUZZ_FROM starts elsewhere; a failure names its seed:
// FUZZ_FROM=N FUZZ_GRAPHS=1 repeats it.
import { describe, expect, it } from 'vitest';
import { algebraicGraph } from './algebraicGraph.ts';
import { randomGraph } from './randomGraph.ts';
import { rewrittenGraph, wrongWith } from './rewrittenGraphs.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 2000);
const FROM = Number(process.env['FUZZ_FROM'] ?? 0);
const PER_TEST = 100;
/** A failure text is long: the first few are enough. */
const MOST_FAILURES = 3;

describe('random graphs, rewritten', () => {
  const used = new Map<string, number>();
  let graphs = 0;

  for (let from = FROM; from < FROM + GRAPHS; from += PER_TEST) {
    const end = Math.min(from + PER_TEST, FROM + GRAPHS);
    it(`${from} to ${end - 1} give the same`, async () => {
      const failures: string[] = [];
      for (let seed = from; seed < end && failures.length < MOST_FAILURES; seed++) {
        // What jumps (Floor, ArgMax) tells rounding apart.
        const spec =
          seed % 2 === 0 ? randomGraph(seed, { continuous: true }) : algebraicGraph(seed);
        try {
          const graph = rewrittenGraph(spec, seed);
          for (const { rule } of graph.simplified.applications) {
            used.set(rule, (used.get(rule) ?? 0) + 1);
          }
          const wrong = await wrongWith(graph);
          if (wrong !== undefined) failures.push(wrong);
        } catch (error) {
          const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
          failures.push(`seed ${seed}: ${text}`);
        }
        graphs++;
      }
      expect(failures.join('\n\n')).toBe('');
    }, 600_000);
  }

  it('were rewritten', () => {
    const applications = [...used.values()].reduce((a, b) => a + b, 0);
    console.log(`${graphs} graphs, ${applications} applications of ${used.size} rules`);
    expect(graphs).toBe(GRAPHS);
    // It means something only where many rules meet.
    if (GRAPHS >= 1000) expect(used.size).toBeGreaterThan(30);
  });
});
