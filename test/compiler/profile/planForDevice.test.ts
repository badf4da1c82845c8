/** Measured times decide yellow cells, and the difference is told. */
import { describe, expect, test } from 'vitest';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { blockKey } from '../../../compiler/fusion/blockKey.ts';
import { DEFAULT_CONTEXT } from '../../../compiler/fusion/context.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import { createPlanner } from '../../../compiler/fusion/planner.ts';
import { planForDevice } from '../../../compiler/profile/planForDevice.ts';
import { ProfileStore } from '../../../compiler/profile/profileStore.ts';
import {
  measuringVariant,
  missingMeasurements,
} from '../../../compiler/profile/yellowQuestions.ts';
import { ecgOf } from '../fusion/ecgFixture.ts';

const DEVICE = 'wasm@cpu x1';
/** Relu is the seed; Conv joins it, then Resize is asked about. */
const TEXT = 'a:Relu[1x8x4x4] -> b:Conv[1x8x4x4] -> c:Resize[1x8x8x8] -> d:Sigmoid[1x8x8x8]';

function measure(
  store: ProfileStore,
  ecg: Ecg,
  operators: readonly number[],
  median: number,
  deviation = 1,
): void {
  store.record(DEVICE, {
    key: blockKey(ecg, operators),
    layout: '',
    types: operators.map((operator) => ecg.nodes[operator]!.operator.type),
    sample: { median, deviation, repetitions: 25, at: store.revision, noisy: false },
  });
}

function fixture(text = TEXT) {
  const ecg = ecgOf(text);
  const store = new ProfileStore();
  const context = { ...DEFAULT_CONTEXT, profile: store };
  return { ecg, store, context, planner: createPlanner(ecg, context) };
}

/** Everything that is asked, until nothing is: `timeOf` says what it takes. */
function answerAll(
  { ecg, store, context }: ReturnType<typeof fixture>,
  timeOf: (operators: readonly number[]) => number,
): number {
  for (let rounds = 0; rounds < 20; rounds++) {
    const missing = missingMeasurements(ecg, { ...NO_EDITS, device: DEVICE }, context);
    if (missing.length === 0) return rounds;
    for (const { unknown } of missing) {
      for (const operators of unknown) measure(store, ecg, operators, timeOf(operators));
    }
  }
  throw new Error('questions never end');
}

const sameForAll = (operators: readonly number[]): number => 1000 * operators.length;

describe('planForDevice', () => {
  test('changes nothing while nothing was measured', () => {
    const { ecg, planner } = fixture();
    const found = planForDevice(ecg, planner, NO_EDITS, DEVICE);
    expect([found.flips, found.changed, found.measured]).toEqual([[], [], 0]);
    expect(found.edits).toEqual({ ...NO_EDITS, device: DEVICE });
  });

  test('cuts what is slower fused, with the numbers', () => {
    const all = fixture();
    const { ecg, planner } = all;
    const before = planner.plan(NO_EDITS);
    expect(before.blocks).toHaveLength(1);
    // The convolution and what resizes it do not go well together.
    const isSlow = (operators: readonly number[]): boolean =>
      [1, 2].every((i) => operators.includes(i));
    answerAll(all, (operators) => (isSlow(operators) ? 9000 : 1000));
    const { plan, flips, changed, measured } = planForDevice(ecg, planner, NO_EDITS, DEVICE);
    expect(plan.blocks.length).toBeGreaterThan(1);
    expect(measured).toBeGreaterThan(0);
    expect(flips.length).toBeGreaterThan(0);
    for (const { before: was, after, sentence } of flips) {
      expect([was.fused, after.fused]).toEqual([true, false]);
      expect(after.reason).toBe('yellow-not-profitable');
      expect(sentence).toMatch(/measured 9\.0 µs fused, [\d.]+ µs apart/);
    }
    expect(changed.map(({ block }) => block)).toEqual(plan.blocks.map(({ index }) => index));
    expect(changed.flatMap(({ flips: own }) => own).length).toBeGreaterThan(0);
    // The plan without the device is what it was.
    expect(planner.plan(NO_EDITS)).toBe(before);
  });

  test('measures that agree with the estimate are told and flip nothing', () => {
    const all = fixture();
    answerAll(all, (operators) => 1000 + operators.length);
    const { flips, measured, plan } = planForDevice(all.ecg, all.planner, NO_EDITS, DEVICE);
    expect(flips).toEqual([]);
    expect(measured).toBeGreaterThan(0);
    expect(plan.verdicts.some(({ reason }) => reason === 'yellow-profiled')).toBe(true);
  });

  test('a difference within the noise leaves the decision to the cost model', () => {
    const all = fixture();
    answerAll(all, sameForAll);
    const { flips, measured, plan } = planForDevice(all.ecg, all.planner, NO_EDITS, DEVICE);
    expect([flips, measured]).toEqual([[], 0]);
    const details = plan.verdicts.map(({ detail = '' }) => detail).join('\n');
    expect(details).toContain('which is no difference; estimated');
  });

  test('a new measurement is asked at once', () => {
    const all = fixture();
    answerAll(all, (operators) => 1000 + operators.length);
    const edits = { ...NO_EDITS, device: DEVICE };
    const first = all.planner.plan(edits);
    expect(all.planner.plan(edits)).toBe(first);
    for (let i = 0; i < 8; i++) measure(all.store, all.ecg, [0, 1, 2], 1e6);
    expect(all.planner.plan(edits).blocks.length).toBeGreaterThan(first.blocks.length);
  });
});

describe('measuringVariant', () => {
  test('times the two parts and both together, in as few runs as they overlap', () => {
    const all = fixture();
    const { ecg, store, context } = all;
    const edits = { ...NO_EDITS, device: DEVICE };
    const tried = new Set<string>();
    const measured: string[] = [];
    let runs = 0;
    for (; runs < 10; runs++) {
      const missing = missingMeasurements(ecg, edits, context);
      const variant = measuringVariant(ecg, edits, missing, tried);
      if (variant === undefined) break;
      expect(variant.device).toBeUndefined();
      const plan = all.planner.plan(variant);
      expect(plan.overrides.every(({ status }) => status === 'applied')).toBe(true);
      for (const { operators } of plan.blocks) {
        measure(store, ecg, operators, 1000 + operators.length);
        measured.push(operators.join('+'));
      }
    }
    expect(missingMeasurements(ecg, edits, context)).toEqual([]);
    expect(runs).toBeLessThanOrEqual(4);
    expect(measured).toContain('0+1');
  });

  test('what cannot become a block is asked for once', () => {
    const { ecg, context } = fixture();
    const tried = new Set<string>();
    const edits = { ...NO_EDITS, device: DEVICE };
    const missing = missingMeasurements(ecg, edits, context);
    expect(missing.length).toBeGreaterThan(0);
    let variants = 0;
    while (measuringVariant(ecg, edits, missing, tried) !== undefined) variants++;
    expect(variants).toBeGreaterThan(0);
    expect(variants).toBeLessThan(10);
  });
});
