/** The live list of devices: the server says it again whenever something is plugged, unplugged or allowed. */
import { setTimeout as delay } from 'node:timers/promises';
import { Adb } from './adb.ts';
import type { AdbSettings } from './adb.ts';
import { askServer, openRequest, readFrames } from './adbServer.ts';
import type { ListedDevice } from './deviceList.ts';
import { parseDeviceList } from './deviceList.ts';
import { DeviceError } from './errors.ts';
import type { ServerAddress } from './serverAddress.ts';

export interface DeviceWatch {
  readonly devices: readonly ListedDevice[];
  /** Why the list is empty: no adb, no server, another version. */
  readonly problem?: DeviceError;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** Some servers do not tell when a device that asks its owner changes its state. */
const UNREADY_MS = 1500;

/**
 * Lists and problems as they come, until the signal fires; never throws. A server that went away is asked for again, less
 * and less often.
 */
export async function* watchDevices(
  settings: AdbSettings & { readonly signal: AbortSignal },
): AsyncGenerator<DeviceWatch> {
  const { signal } = settings;
  let wait = FIRST_WAIT_MS;
  let said = '';
  const isNews = (watch: DeviceWatch): boolean => {
    const text = JSON.stringify([watch.devices, watch.problem?.message]);
    const isNew = text !== said;
    said = text;
    return isNew;
  };
  while (!signal.aborted) {
    let problem: DeviceError | undefined;
    try {
      const { address } = await Adb.open(settings);
      for await (const devices of lists(address, signal)) {
        wait = FIRST_WAIT_MS;
        if (isNews({ devices })) yield { devices };
      }
    } catch (error) {
      problem = error instanceof DeviceError ? error : new DeviceError('failed', String(error));
    }
    if (signal.aborted) return;
    if (problem && isNews({ devices: [], problem })) yield { devices: [], problem };
    await delay(wait, undefined, { signal }).catch(() => undefined);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

/** The same with callbacks; returns how to stop. */
export function trackDevices(
  settings: AdbSettings,
  onChange: (watch: DeviceWatch) => void,
): { stop(): void } {
  const abort = new AbortController();
  void (async () => {
    for await (const watch of watchDevices({ ...settings, signal: abort.signal })) {
      if (!abort.signal.aborted) onChange(watch);
    }
  })();
  return { stop: () => abort.abort() };
}

/** Until the server closes the connection. Throws DeviceError. */
async function* lists(
  address: ServerAddress,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedDevice[]> {
  try {
    yield* listsOf('host:track-devices-l', address, signal);
  } catch (error) {
    // Servers of old know only the short list.
    if (!(error instanceof DeviceError) || error.kind !== 'failed') throw error;
    yield* listsOf('host:track-devices', address, signal);
  }
}

async function* listsOf(
  request: string,
  address: ServerAddress,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedDevice[]> {
  const socket = openRequest(address, request, { signal });
  const frames = readFrames(socket, address, { signal });
  const advance = () => {
    const next = frames.next();
    // Nobody may be left to hear of it.
    next.catch(() => undefined);
    return next;
  };
  try {
    let next = advance();
    let devices: readonly ListedDevice[] = [];
    for (;;) {
      const frame = await soon(next, devices.every(isReady) ? undefined : UNREADY_MS);
      if (frame === undefined) {
        devices = parseDeviceList(await askServer(address, 'host:devices-l', { signal }));
      } else {
        if (frame.done) return;
        devices = parseDeviceList(frame.value);
        next = advance();
      }
      yield devices;
    }
  } finally {
    socket.destroy();
  }
}

function isReady({ state }: ListedDevice): boolean {
  return state === 'device';
}

/** Undefined where it takes longer than that. */
async function soon<T>(promise: Promise<T>, mostMs: number | undefined): Promise<T | undefined> {
  if (mostMs === undefined) return promise;
  const abort = new AbortController();
  try {
    return await Promise.race([promise, delay(mostMs, undefined, { signal: abort.signal })]);
  } finally {
    abort.abort();
  }
}
