import { describe, expect, test } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { Override, PlanEdits } from '../../../compiler/fusion/plan.ts';
import type { EditRequest, GraphSnapshot, PlanSnapshot } from '../../../compiler/protocol.ts';
import { proposeEdit } from '../../../compiler/session/editActions.ts';

const graph = {
  ids: ['a', 'b', 'c'],
  operatorTypes: ['Conv', 'Relu'],
  typeOf: Uint16Array.of(0, 1, 1),
} as unknown as GraphSnapshot;
const plan = (...blockOf: number[]): PlanSnapshot =>
  ({ blockOf: Int32Array.from(blockOf) }) as unknown as PlanSnapshot;

const edits = (overrides: Override[], replannedAt = 0): PlanEdits => ({
  ...NO_EDITS,
  overrides,
  replannedAt,
});
const propose = (from: PlanEdits, request: EditRequest) =>
  proposeEdit(from, request, { graph, plan: plan(0, 0, 1) });
const candidates = (from: PlanEdits, request: EditRequest) =>
  propose(from, request).candidates.map((c) => c.overrides);

const fuse: Override = { kind: 'fuse', a: 'a', b: 'b' };
const cut: Override = { kind: 'cut', a: 'a', b: 'b' };

describe('proposeEdit', () => {
  test('fuse adds a constraint and names the operators', () => {
    const proposal = propose(NO_EDITS, { kind: 'fuse', a: 0, b: 1 });
    expect(proposal.candidates).toEqual([edits([fuse])]);
    expect(proposal.label).toBe('Fuse Conv and Relu');
    expect(proposal.satisfied(plan(4, 4, 1))).toBe(true);
    expect(proposal.satisfied(plan(4, 5, 1))).toBe(false);
  });

  test('fusing a pair that was cut first tries without the cut, then replaces it', () => {
    expect(candidates(edits([cut]), { kind: 'fuse', a: 0, b: 1 })).toEqual([[], [fuse]]);
    expect(candidates(edits([cut]), { kind: 'fuse', a: 1, b: 0 })[0]).toEqual([]);
  });

  test('cutting a pair that was fused does the reverse', () => {
    expect(candidates(edits([fuse]), { kind: 'cut', a: 0, b: 1 })).toEqual([[], [cut]]);
  });

  test('removing an override before the last replan keeps the later ones local', () => {
    const other: Override = { kind: 'seed', op: 'c' };
    const [first] = propose(edits([cut, other], 1), { kind: 'fuse', a: 0, b: 1 }).candidates;
    expect(first).toEqual(edits([other], 0));
  });

  test('seed replaces no-seed of the same operator', () => {
    const before = edits([{ kind: 'noSeed', op: 'a' }]);
    expect(candidates(before, { kind: 'seed', operator: 0, on: true })).toEqual([
      [{ kind: 'seed', op: 'a' }],
    ]);
    expect(candidates(before, { kind: 'noSeed', operator: 0, on: false })).toEqual([[]]);
  });

  test('pin records the block as shown; unpin removes it', () => {
    const pin: Override = { kind: 'pin', ops: ['a', 'b'] };
    expect(candidates(NO_EDITS, { kind: 'pin', block: 0, on: true })).toEqual([[pin]]);
    expect(candidates(edits([pin]), { kind: 'pin', block: 0, on: false })).toEqual([[]]);
  });

  test('planner and replan all make every override a constraint', () => {
    for (const request of [{ kind: 'replanAll' }, { kind: 'planner', planner: 'none' }] as const) {
      expect(propose(edits([cut, fuse]), request).candidates[0]?.replannedAt).toBe(2);
    }
  });

  test('bindings are set and cleared without touching the others', () => {
    const from = { ...NO_EDITS, bindings: { seq: 3 } };
    const bound = propose(from, { kind: 'bind', symbol: 'batch', size: 2 }).candidates[0];
    expect(bound?.bindings).toEqual({ seq: 3, batch: 2 });
    const unbound = propose(from, { kind: 'bind', symbol: 'seq', size: null }).candidates[0];
    expect(unbound?.bindings).toEqual({});
    expect(from.bindings).toEqual({ seq: 3 });
  });

  test('an operator that the graph lacks is an error, not a silent edit', () => {
    expect(() => propose(NO_EDITS, { kind: 'fuse', a: 0, b: 9 })).toThrow(RangeError);
  });
});
