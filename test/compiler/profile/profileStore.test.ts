/** Runs merge, noise counts least, what was used longest ago goes first. */
import { describe, expect, test } from 'vitest';
import type { ProfileSample } from '../../../compiler/profile/profileFile.ts';
import { ProfileStore } from '../../../compiler/profile/profileStore.ts';

const DEVICE = 'wasm@cpu x1';

function sample(median: number, at: number, more: Partial<ProfileSample> = {}): ProfileSample {
  return { median, deviation: 1, repetitions: 25, at, noisy: false, ...more };
}

function record(store: ProfileStore, key: string, own: ProfileSample, layout = 'rows'): void {
  store.record(DEVICE, { key, layout, types: ['Relu'], sample: own });
}

describe('ProfileStore', () => {
  test('is empty until something was recorded', () => {
    const store = new ProfileStore();
    expect(store.isEmpty).toBe(true);
    expect(store.lookup(DEVICE, 'k')).toBeUndefined();
    const { revision } = store;
    record(store, 'k', sample(10, 1));
    expect(store.isEmpty).toBe(false);
    expect(store.revision).not.toBe(revision);
    expect(store.lookup('another', 'k')).toBeUndefined();
    expect(store.lookup(DEVICE, 'k')).toMatchObject({ latency: 10, runs: 1 });
  });

  test('takes the median of the last runs, quiet ones first', () => {
    const store = new ProfileStore();
    record(store, 'k', sample(1000, 1, { noisy: true }));
    expect(store.lookup(DEVICE, 'k')!.latency).toBe(1000);
    for (const [i, median] of [10, 30, 20].entries()) record(store, 'k', sample(median, i + 2));
    expect(store.lookup(DEVICE, 'k')).toMatchObject({ latency: 20, runs: 3 });
    // Code that became faster: old runs are forgotten.
    for (let i = 0; i < 8; i++) record(store, 'k', sample(5, 100 + i));
    expect(store.lookup(DEVICE, 'k')).toMatchObject({ latency: 5, runs: 8, deviation: 1 });
  });

  test('runs that differ make the entry uncertain', () => {
    const store = new ProfileStore();
    record(store, 'k', sample(100, 1));
    const alone = store.lookup(DEVICE, 'k')!;
    record(store, 'k', sample(140, 2));
    const both = store.lookup(DEVICE, 'k')!;
    expect(alone.deviation).toBe(1);
    expect(alone.error).toBeCloseTo(0.25);
    expect(both.deviation).toBeCloseTo(20);
    expect(both.error!).toBeGreaterThan(10);
  });

  test('answers with the layout in which the block is fastest', () => {
    const store = new ProfileStore();
    record(store, 'k', sample(10, 1), 'rows');
    record(store, 'k', sample(4, 1), '0 1/8 2 3 1%8');
    expect(store.lookup(DEVICE, 'k')!.latency).toBe(4);
  });

  test('merging knows runs again', () => {
    const a = new ProfileStore();
    record(a, 'k', sample(10, 1));
    const b = new ProfileStore();
    record(b, 'k', sample(20, 2));
    record(b, 'other', sample(7, 2));
    a.merge(b.content());
    a.merge(b.content());
    expect(a.lookup(DEVICE, 'k')).toMatchObject({ latency: 15, runs: 2 });
    expect(a.lookup(DEVICE, 'other')!.runs).toBe(1);
  });

  test('forgets what was used longest ago when it grows over its limit', () => {
    const store = new ProfileStore();
    for (let i = 0; i < 100; i++) record(store, `k${i}`, sample(i + 1, 1000 + i));
    expect(store.lookup(DEVICE, 'k0')!.latency).toBe(1);
    store.trim(10 * 310);
    const kept = Array.from({ length: 100 }, (_, i) => i).filter(
      (i) => store.lookup(DEVICE, `k${i}`) !== undefined,
    );
    expect(kept).toEqual([0, ...Array.from({ length: 9 }, (_, i) => 91 + i)]);
  });

  test('devices need a proper name', () => {
    const own = { key: 'k', layout: '', types: [], sample: sample(1, 1) };
    expect(() => new ProfileStore().record('a\nb', own)).toThrow();
  });
});
