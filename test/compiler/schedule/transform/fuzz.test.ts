// Random tiles of the nests of random graphs: bit for bit the same results, or a refusal. FUSION_SWEEP=n runs n
// times as many, FUSION_SEED=n starts at another seed.
import { expect, it } from 'vitest';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { lowerPlan } from '../../../../compiler/lower/runGraph.ts';
import {
  boundReductions,
  pushIntoBranches,
} from '../../../../compiler/schedule/transform/guards.ts';
import type { Loop, Place } from '../../../../compiler/schedule/transform/place.ts';
import {
  rewriteLoop,
  rootPlace,
  unlessRefused,
} from '../../../../compiler/schedule/transform/place.ts';
import { perfectNest } from '../../../../compiler/schedule/transform/reorder.ts';
import { shareCommon } from '../../../../compiler/schedule/transform/shareCommon.ts';
import { shrinkLocals } from '../../../../compiler/schedule/transform/shrinkLocals.ts';
import { splitLoop } from '../../../../compiler/schedule/transform/splitLoop.ts';
import { tile } from '../../../../compiler/schedule/transform/tile.ts';
import { Random, randomModel } from '../../lower/randomGraphs.ts';
import { planOf, prepareSpec } from '../../lower/running.ts';
import { expectSame } from './equality.ts';

const GRAPHS = 40 * Number(process.env.FUSION_SWEEP ?? 1);
const FIRST = Number(process.env.FUSION_SEED ?? 0);

function randomTile(nest: Loop, place: Place, random: Random) {
  const { loops } = perfectNest(nest, place);
  const kept = loops.slice(0, 1 + random.below(loops.length));
  const vector = random.below(kept.length + 1);
  const axes = kept.map(({ variable }, at) => ({
    variable,
    points: 1 + random.below(3),
    lanes: at === vector ? random.pick([2, 4, 8]) : 1,
  }));
  for (let at = axes.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [axes[at], axes[other]] = [axes[other]!, axes[at]!];
  }
  return tile(nest, { axes, parallel: random.below(axes.length + 1) }, place);
}

function randomSchedule(program: LoopProgram, random: Random): readonly [LoopProgram, number] {
  let result = random.below(3) === 0 ? shrinkLocals(program) : program;
  let tiles = 0;
  for (const stmt of result.body) {
    if (stmt.kind !== 'for') continue;
    const { variable } = stmt;
    const next = unlessRefused(() =>
      rewriteLoop(result, variable, (loop, place) =>
        random.below(5) === 0
          ? splitLoop(loop, 1 + random.below(4), place)
          : randomTile(loop, place, random),
      ),
    );
    if (next !== undefined) tiles++;
    result = next ?? result;
  }
  if (random.below(2) === 0) {
    const body = boundReductions(pushIntoBranches(result.body), rootPlace(result));
    result = { ...result, body };
  }
  return [{ ...result, body: shareCommon(result.body) }, tiles];
}

it(`${GRAPHS} random graphs in random tiles`, () => {
  let tiles = 0;
  for (let seed = FIRST; seed < FIRST + GRAPHS; seed++) {
    const { model, ecg } = prepareSpec(randomModel(seed).spec);
    const random = new Random(seed ^ 0x711e);
    for (const { program } of lowerPlan(model, planOf(ecg, 'dnnfusion'))) {
      const [result, count] = randomSchedule(program, random);
      tiles += count;
      try {
        expectSame(program, result, { integers: [-1, 0] });
      } catch (error) {
        throw new Error(`seed ${seed}, ${program.name}`, { cause: error });
      }
    }
  }
  expect(tiles).toBeGreaterThan(GRAPHS * 2);
}, 120_000);
