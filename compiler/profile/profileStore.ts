/**
 * The profile database in memory: measured times of blocks on devices, merged from runs, files and imports. What was asked
 * for or recorded longest ago goes first when it grows over its limit.
 */
import { createHash } from 'node:crypto';
import type { ProfileDatabase, ProfileEntry } from '../fusion/profile.ts';
import type { ProfileContent, ProfileRecord, ProfileSample } from './profileFile.ts';
import { MOST_SAMPLES, isDeviceKey, summaryOf } from './profileFile.ts';

export interface BlockMeasurement {
  /** Canonical text of the block, see `blockKey`. */
  readonly key: string;
  /** Canonical text of the layouts of its inputs and outputs. */
  readonly layout: string;
  /** Operator types, for people. */
  readonly types: readonly string[];
  readonly sample: ProfileSample;
}

/** Bytes of a record in the file, roughly: what its fields and one sample take. */
const RECORD_BYTES = 220;
const SAMPLE_BYTES = 90;

export class ProfileStore implements ProfileDatabase {
  /** By device, then by key and layout. */
  private readonly devices = new Map<string, Map<string, ProfileRecord[]>>();
  /** Changes with everything that a lookup could answer otherwise. */
  revision = 0;

  constructor(content: ProfileContent = new Map()) {
    this.merge(content);
  }

  get isEmpty(): boolean {
    return this.devices.size === 0;
  }

  get deviceKeys(): readonly string[] {
    return [...this.devices.keys()];
  }

  /** Of the layout in which the block is fastest: code generation chooses layouts. */
  lookup(device: string, key: string): ProfileEntry | undefined {
    const records = this.devices.get(device)?.get(profileHash(key));
    if (records === undefined) return undefined;
    const now = Date.now();
    records.forEach((record, i) => (records[i] = { ...record, used: Math.max(record.used, now) }));
    return records.map(({ samples }) => entryOf(samples)).sort((a, b) => a.latency - b.latency)[0];
  }

  record(device: string, { key, layout, types, sample }: BlockMeasurement): void {
    if (!isDeviceKey(device)) throw new Error('a device has no proper key');
    this.add(device, {
      key: profileHash(key),
      layout: profileHash(layout),
      summary: summaryOf(types),
      samples: [sample],
      used: sample.at,
    });
  }

  /** Samples of both; the latest of each block are kept. */
  merge(content: ProfileContent): void {
    for (const [device, records] of content) {
      for (const record of records) this.add(device, record);
    }
  }

  /** Everything, or one device. */
  content(device?: string): ProfileContent {
    const kept = [...this.devices].filter(([name]) => device === undefined || name === device);
    return new Map(kept.map(([name, records]) => [name, [...records.values()].flat()]));
  }

  /** Drops what was used longest ago until the file has room. */
  trim(bytes: number): void {
    const all = [...this.devices].flatMap(([device, records]) =>
      [...records.values()].flat().map((record) => ({ device, record })),
    );
    const sizeOf = ({ samples }: ProfileRecord): number =>
      RECORD_BYTES + SAMPLE_BYTES * samples.length;
    let total = all.reduce((sum, { record }) => sum + sizeOf(record), 0);
    if (total <= bytes) return;
    all.sort((a, b) => a.record.used - b.record.used);
    for (const { device, record } of all) {
      if (total <= bytes) return;
      this.drop(device, record);
      total -= sizeOf(record);
    }
  }

  clear(device?: string): void {
    if (device === undefined) this.devices.clear();
    else this.devices.delete(device);
    this.revision++;
  }

  private add(device: string, record: ProfileRecord): void {
    const own = this.devices.get(device) ?? new Map<string, ProfileRecord[]>();
    this.devices.set(device, own);
    const records = own.get(record.key) ?? [];
    own.set(record.key, records);
    const at = records.findIndex(({ layout }) => layout === record.layout);
    if (at < 0) records.push(record);
    else records[at] = mergeRecords(records[at]!, record);
    this.revision++;
  }

  private drop(device: string, record: ProfileRecord): void {
    const own = this.devices.get(device)!;
    const left = own.get(record.key)!.filter((other) => other !== record);
    if (left.length > 0) own.set(record.key, left);
    else own.delete(record.key);
    if (own.size === 0) this.devices.delete(device);
    this.revision++;
  }
}

/** Keys are long texts; the file has their hashes. */
export function profileHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

function mergeRecords(a: ProfileRecord, b: ProfileRecord): ProfileRecord {
  const samples = [...a.samples];
  for (const sample of b.samples) {
    const isKnown = samples.some(({ at, median }) => at === sample.at && median === sample.median);
    if (!isKnown) samples.push(sample);
  }
  samples.sort((x, y) => x.at - y.at);
  return {
    ...a,
    samples: samples.slice(-MOST_SAMPLES),
    used: Math.max(a.used, b.used),
  };
}

/**
 * Runs as one entry: the median of their medians; noisy runs count only where there are no others. The deviation is what one
 * execution varies by, or what the runs differ by where that is more; the error of a median is 1.25 times that of a mean.
 */
function entryOf(all: readonly ProfileSample[]): ProfileEntry {
  const quiet = all.filter(({ noisy }) => !noisy);
  const samples = quiet.length > 0 ? quiet : all;
  const medians = samples.map(({ median }) => median);
  const latency = medianOf(medians);
  const between = Math.sqrt(
    medians.reduce((sum, median) => sum + (median - latency) ** 2, 0) / medians.length,
  );
  const within = medianOf(samples.map(({ deviation }) => deviation));
  const repetitions = samples.reduce((sum, sample) => sum + sample.repetitions, 0);
  return {
    latency,
    deviation: Math.max(within, between),
    runs: samples.length,
    error: 1.25 * Math.max(within / Math.sqrt(repetitions), between / Math.sqrt(samples.length)),
  };
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
