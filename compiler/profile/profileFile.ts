/**
 * `profiles.json`: measured times of blocks, by device. The file is shared, exported and imported, so it is read as hostile:
 * size, structure and every field are checked, and what does not fit is refused as a whole. Keys are hashes and summaries
 * hold operator types only: nothing in it tells which model was measured.
 */

export const PROFILE_FORMAT = 'fusion-studio-profiles';
export const PROFILE_VERSION = 1;

/** One run of a block: nanoseconds of one execution. */
export interface ProfileSample {
  readonly median: number;
  readonly deviation: number;
  /** Repetitions behind the median. */
  readonly repetitions: number;
  /** When, in milliseconds since 1970: tells runs apart when files are merged. */
  readonly at: number;
  /** The run's times varied a lot, or the device was throttled. */
  readonly noisy: boolean;
}

export interface ProfileRecord {
  /** Hash of the block's canonical text (`blockKey`). */
  readonly key: string;
  /** Hash of the layouts of what the block reads and writes. */
  readonly layout: string;
  /** 'Conv + Relu': for people. */
  readonly summary: string;
  /** Latest last. */
  readonly samples: readonly ProfileSample[];
  /** When it was recorded or asked for, milliseconds since 1970. */
  readonly used: number;
}

export type ProfileContent = ReadonlyMap<string, readonly ProfileRecord[]>;

/** A file that is no profile database; the message says what to do. */
export class ProfileFileError extends Error {
  override readonly name = 'ProfileFileError';
}

export const MOST_FILE_BYTES = 32 << 20;
export const MOST_SAMPLES = 8;
const MOST_DEVICES = 1000;
const MOST_RECORDS = 200_000;
const MOST_SUMMARY = 120;
const MOST_REPETITIONS = 1e9;

/** What names a device or summarises a block: printable, one line, short. Untrusted text becomes this. */
export function cleanText(text: string, most: number): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, most);
}

const MOST_DEVICE_KEY = 200;

/** Whether a text can be the key of a device. */
export function isDeviceKey(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && cleanText(text, MOST_DEVICE_KEY) === text;
}

export function summaryOf(types: readonly string[]): string {
  return cleanText(types.join(' + '), MOST_SUMMARY);
}

export function serialiseProfiles(content: ProfileContent): string {
  const devices = [...content].map(([device, records]) => ({ device, records }));
  return `${JSON.stringify({ format: PROFILE_FORMAT, version: PROFILE_VERSION, devices })}\n`;
}

/** Throws ProfileFileError. */
export function parseProfiles(text: string): ProfileContent {
  if (text.length > MOST_FILE_BYTES) refuse('it is larger than 32 MiB');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    refuse('it is no JSON');
  }
  const file = fieldsOf(parsed, ['format', 'version', 'devices']);
  if (file['format'] !== PROFILE_FORMAT) refuse('it says nothing of profiles');
  if (file['version'] !== PROFILE_VERSION) {
    refuse(`it has version ${cleanText(String(file['version']), 20)}, not ${PROFILE_VERSION}`);
  }
  const content = new Map<string, readonly ProfileRecord[]>();
  let count = 0;
  for (const entry of listOf(file['devices'], MOST_DEVICES)) {
    const { device, records } = fieldsOf(entry, ['device', 'records']);
    if (!isDeviceKey(device) || content.has(device)) refuse('a device has no name of its own');
    const own = listOf(records, MOST_RECORDS);
    count += own.length;
    if (count > MOST_RECORDS) refuse('it has too many entries');
    content.set(device, own.map(readRecord));
  }
  return content;
}

function readRecord(value: unknown): ProfileRecord {
  const record = fieldsOf(value, ['key', 'layout', 'summary', 'samples', 'used']);
  const { key, layout, summary } = record;
  if (!isHash(key) || !isHash(layout)) refuse('an entry has a bad key');
  if (typeof summary !== 'string' || cleanText(summary, MOST_SUMMARY) !== summary) {
    refuse('an entry has a bad summary');
  }
  const samples = listOf(record['samples'], MOST_SAMPLES).map(readSample);
  if (samples.length === 0) refuse('an entry has no samples');
  return { key, layout, summary, samples, used: timeOf(record['used']) };
}

function readSample(value: unknown): ProfileSample {
  const sample = fieldsOf(value, ['median', 'deviation', 'repetitions', 'at', 'noisy']);
  const { noisy } = sample;
  if (typeof noisy !== 'boolean') refuse('a sample has a bad field');
  const repetitions = durationOf(sample['repetitions']);
  if (repetitions < 1 || repetitions > MOST_REPETITIONS) refuse('a sample has a bad field');
  return {
    median: durationOf(sample['median']),
    deviation: durationOf(sample['deviation']),
    repetitions,
    at: timeOf(sample['at']),
    noisy,
  };
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16,64}$/.test(value);
}

/** An hour in nanoseconds: no block takes longer. */
const MOST_NANOSECONDS = 3.6e12;

function durationOf(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= MOST_NANOSECONDS)) {
    refuse('a sample has a bad field');
  }
  return value;
}

function timeOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse('a time is none');
  return value as number;
}

/** An object with exactly these fields. */
function fieldsOf<Name extends string>(
  value: unknown,
  names: readonly Name[],
): Readonly<Record<Name, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse('a part of it is no object');
  }
  const own = Object.keys(value);
  if (own.length !== names.length || !names.every((name) => own.includes(name))) {
    refuse('a part of it has other fields');
  }
  return value as Readonly<Record<Name, unknown>>;
}

function listOf(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) refuse('a part of it is no list, or too long');
  return value;
}

function refuse(why: string): never {
  throw new ProfileFileError(`This is no profile database: ${why}.`);
}
