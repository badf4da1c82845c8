/** The database's file: whole or not at all, shared by processes, never lost to a broken one. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  exportProfiles,
  openProfiles,
  readProfiles,
  updateProfiles,
} from '../../../compiler/profile/profileDisk.ts';
import { ProfileFileError } from '../../../compiler/profile/profileFile.ts';
import type { ProfileStore } from '../../../compiler/profile/profileStore.ts';

const DEVICE = 'wasm@cpu x1';
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-profiles-'));
  path = join(folder, 'below', 'profiles.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

function record(key: string, device = DEVICE): (store: ProfileStore) => void {
  const sample = { median: 10, deviation: 1, repetitions: 5, at: 1, noisy: false };
  return (store) => store.record(device, { key, layout: '', types: ['Relu'], sample });
}

test('keeps what every process records at the same time', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => updateProfiles(record(`k${i}`), path)));
  const store = await openProfiles(path);
  for (let i = 0; i < 12; i++) expect(store.lookup(DEVICE, `k${i}`)?.latency).toBe(10);
  // Nothing is left beside it.
  expect(readdirSync(join(folder, 'below'))).toEqual(['profiles.json']);
});

test('a missing or broken file is as good as an empty one, and is not lost', async () => {
  expect((await openProfiles(path)).isEmpty).toBe(true);
  await updateProfiles(record('k'), path);
  writeFileSync(path, '{"format": "something else"}');
  await expect(readProfiles(path)).rejects.toThrow(ProfileFileError);
  expect((await openProfiles(path)).isEmpty).toBe(true);
  await updateProfiles(record('other'), path);
  expect((await openProfiles(path)).lookup(DEVICE, 'other')).toBeDefined();
  expect(readFileSync(`${path}.broken`, 'utf8')).toContain('something else');
});

test('the lock of a process that died holds nobody up', async () => {
  await updateProfiles(record('k'), path);
  const lock = `${path}.lock`;
  writeFileSync(lock, '');
  const past = new Date(Date.now() - 60_000);
  utimesSync(lock, past, past);
  await updateProfiles(record('other'), path);
  expect(existsSync(lock)).toBe(false);
  expect((await openProfiles(path)).lookup(DEVICE, 'k')).toBeDefined();
});

test('what changes it may fail without a trace', async () => {
  await updateProfiles(record('k'), path);
  const before = readFileSync(path, 'utf8');
  const failing = updateProfiles(() => {
    throw new Error('no');
  }, path);
  await expect(failing).rejects.toThrow('no');
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(readdirSync(join(folder, 'below'))).toEqual(['profiles.json']);
});

test('grows to its limit and no further', async () => {
  for (let i = 0; i < 5; i++) {
    await updateProfiles(
      (store) => {
        for (let n = 0; n < 20; n++) record(`k${i} ${n}`)(store);
      },
      path,
      10_000,
    );
  }
  expect(readFileSync(path).length).toBeLessThan(12_000);
  expect((await openProfiles(path)).isEmpty).toBe(false);
});

test('goes to other computers as a file, one device or all', async () => {
  await updateProfiles(record('k'), path);
  const store = await updateProfiles(record('k', 'adb:Pixel 8/Tensor G3/cpu x4'), path);
  const file = join(folder, 'export.json');
  await exportProfiles(store, file, DEVICE);
  const other = join(folder, 'other.json');
  const content = await readProfiles(file);
  const merged = await updateProfiles((own) => own.merge(content), other);
  expect(merged.deviceKeys).toEqual([DEVICE]);
});
