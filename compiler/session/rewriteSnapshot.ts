/** What rewriting did, as the page shows it: rows with places in the graph; the sketches are asked for one by one. */
import type { Analysed } from '../compile.ts';
import type { Ecg } from '../ecg/ecg.ts';
import type { RewriteRow, RewriteSnapshot } from '../protocol.ts';
import type { RewriteApplication } from '../rewrite/rewrite.ts';

export function rewriteSnapshot({ ecg, settings, rewriting }: Analysed): RewriteSnapshot {
  const { applications, declined, before, after } = rewriting;
  const places = operatorPlaces(ecg);
  const row = (application: RewriteApplication): RewriteRow => {
    const { id, rule, ruleClass, removed, added, originalIds, saves } = application;
    const made = [
      ...new Set([...added, ...removed].flatMap((name) => places.byId.get(name) ?? [])),
    ];
    // An operator that a later application took lives on in whatever carries its original name.
    const operators =
      made.length > 0
        ? made
        : [...new Set(originalIds.flatMap((name) => places.byOriginal.get(name) ?? []))];
    return { id, rule, ruleClass, operators, originalIds, saves };
  };
  return {
    settings,
    applications: applications.map(row),
    declined: declined.map(row),
    before,
    after,
  };
}

function operatorPlaces({ nodes }: Ecg): {
  readonly byId: ReadonlyMap<string, number>;
  readonly byOriginal: ReadonlyMap<string, readonly number[]>;
} {
  const byId = new Map<string, number>();
  const byOriginal = new Map<string, number[]>();
  nodes.forEach(({ operator: { id, originalIds } }, index) => {
    byId.set(id, index);
    for (const original of originalIds) {
      const places = byOriginal.get(original);
      if (places) places.push(index);
      else byOriginal.set(original, [index]);
    }
  });
  return { byId, byOriginal };
}
