/**
 * Files on a device that later runs use again, by the hash of what is in them: pushed under another name, verified, then
 * renamed, so that a file of that name is whole. The least recently used ones go when there are too many.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { AdbDevice } from './device.ts';
import { TEMPORARY } from './device.ts';
import { DeviceError, throwIfCancelled } from './errors.ts';
import { CACHE } from './remoteFolder.ts';

export const DEFAULT_CACHE_BYTES = 2 * 2 ** 30;
/** Room that is left for others. */
const SPARE_BYTES = 4 << 20;
const HASH_MS = 120_000;
/** Smaller files are there before their progress could be asked for. */
const SHOWN_BYTES = 16 << 20;
const POLL_MS = 1000;

export interface PushOptions {
  readonly signal?: AbortSignal | undefined;
  /** Share that is done. */
  readonly onProgress?: (fraction: number) => void;
}

export interface CacheOptions extends PushOptions {
  /** Most bytes of all files. */
  readonly limitBytes?: number;
  /** Folder of the run, on the same file system as the cache. */
  readonly folder: string;
}

/** Path on the device of a file with what the local one holds. Throws DeviceError. */
export async function ensureCached(
  device: AdbDevice,
  local: string,
  options: CacheOptions,
): Promise<string> {
  const { signal, folder, limitBytes = DEFAULT_CACHE_BYTES } = options;
  const { size } = await stat(local);
  const hash = await hashOf(local, signal);
  const path = `${CACHE}/${hash}`;
  const known = await device.output(
    `[ -f ${path} ] && touch ${path} && (stat -c %s ${path} 2>/dev/null || wc -c < ${path}); true`,
    { signal },
  );
  if (known.trim() === String(size)) return path;
  await trimCache(device, limitBytes - size, hash, signal);
  await requireSpace(device, size, signal);
  const part = `${folder}/weights`;
  await pushFile(device, local, part, options);
  await verify(device, part, size, hash, signal);
  await device.output(`mv -f ${part} ${path}`, { signal });
  return path;
}

/** Removes what is in the cache; runs that use a file keep it until they end. Throws DeviceError. */
export async function clearDeviceCache(device: AdbDevice, signal?: AbortSignal): Promise<void> {
  await device.output(`rm -rf ${CACHE}`, { signal, timeoutMs: HASH_MS });
}

/** Pushes a file that is watched while it grows. Throws DeviceError. */
export async function pushFile(
  device: AdbDevice,
  local: string,
  remote: string,
  { signal, onProgress }: PushOptions = {},
): Promise<void> {
  const { size } = await stat(local);
  onProgress?.(0);
  let done = false;
  const pushing = device.push(local, remote, size, signal).finally(() => (done = true));
  const poll = async (): Promise<void> => {
    for (;;) {
      await delay(POLL_MS);
      if (done) return;
      const said = await device
        .output(`stat -c %s ${remote}`, { signal, timeoutMs: 4 * POLL_MS })
        .catch(() => '');
      const bytes = /^\d{1,15}$/.test(said.trim()) ? Number(said) : 0;
      if (!done && bytes > 0) onProgress?.(Math.min(1, bytes / size));
    }
  };
  await Promise.all([pushing, ...(size >= SHOWN_BYTES && onProgress ? [poll()] : [])]);
}

/** Throws DeviceError 'full' where there is less, and the device says so. */
export async function requireSpace(
  device: AdbDevice,
  bytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const { stdout } = await device.shell(`df -k ${TEMPORARY} || df ${TEMPORARY}`, { signal });
  const free = parseFreeBytes(stdout);
  if (free === undefined || free >= bytes + SPARE_BYTES) return;
  const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MB`;
  throw new DeviceError(
    'full',
    `The device ${device.serial} has too little space: ${mebibytes(bytes + SPARE_BYTES)} are needed in ${TEMPORARY}, ${mebibytes(free)} are free. Free some, or clear its cache with "Clear device cache".`,
  );
}

/** Of df, as toybox (kilobytes) or older tools ('1.5G') print it; undefined: neither. */
export function parseFreeBytes(text: string): number | undefined {
  const lines = text.split('\n').slice(0, 50);
  const header = lines.findIndex((line) => /\b(Available|Avail|Free)\b/i.test(line));
  if (header < 0) return undefined;
  const titles = lines[header]!.replace(/Mounted on/i, 'Mounted')
    .trim()
    .split(/\s+/);
  // A long name of a file system stands on a line of its own.
  const cells = lines
    .slice(header + 1)
    .join(' ')
    .trim()
    .split(/\s+/);
  const cell = cells[titles.findIndex((title) => /^(Available|Avail|Free)$/i.test(title))];
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([KMGT]?)$/i.exec(cell ?? '');
  if (match === null) return undefined;
  const unit = match[2] === '' ? 2 ** 10 : 2 ** (10 * ' KMGT'.indexOf(match[2]!.toUpperCase()));
  return Math.floor(Number(match[1]) * unit);
}

async function verify(
  device: AdbDevice,
  path: string,
  size: number,
  hash: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const said = await device.output(
    `stat -c %s ${path} 2>/dev/null || wc -c < ${path}; sha256sum ${path} 2>/dev/null; true`,
    { signal, timeoutMs: HASH_MS },
  );
  const [bytes = '', sum = ''] = said.split('\n').map((line) => line.trim());
  const found = /^([\da-f]{64})\b/.exec(sum)?.[1];
  if (bytes === String(size) && (found === undefined || found === hash)) return;
  throw new DeviceError(
    'failed',
    `A file came to the device ${device.serial} damaged: check its cable and storage, and run again.`,
  );
}

/** Leaves at most that many bytes; what is used least recently goes first. */
async function trimCache(
  device: AdbDevice,
  most: number,
  keep: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { stdout } = await device.shell(`stat -c '%s %Y %n' ${CACHE}/* 2>/dev/null`, { signal });
  const doomed = leastRecentlyUsed(stdout, most).filter((name) => name !== keep);
  if (doomed.length > 0) {
    await device.output(`cd ${CACHE} && rm -f ${doomed.join(' ')}`, { signal });
  }
}

/** Names to remove, of lines with size, time and path. */
export function leastRecentlyUsed(text: string, most: number): readonly string[] {
  const files = text.split('\n').flatMap((line) => {
    const match = /^(\d{1,15}) (\d{1,15}) .*\/([\da-f]{64})\s*$/.exec(line);
    if (match === null) return [];
    return [{ bytes: Number(match[1]), used: Number(match[2]), name: match[3]! }];
  });
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const doomed: string[] = [];
  for (const { bytes, name } of files.sort((a, b) => a.used - b.used)) {
    if (total <= most) break;
    doomed.push(name);
    total -= bytes;
  }
  return doomed;
}

async function hashOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    throwIfCancelled(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
