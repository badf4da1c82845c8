/** The live list of devices: the server says it again whenever something is plugged, unplugged or allowed. */
import { setTimeout as delay } from 'node:timers/promises';
import { Adb } from './adb.ts';
import type { AdbSettings } from './adb.ts';
import { openRequest, readFrames } from './adbServer.ts';
import type { ListedDevice } from './deviceList.ts';
import { parseDeviceList } from './deviceList.ts';
import { cancelled, DeviceError } from './errors.ts';
import type { ServerAddress } from './serverAddress.ts';

export interface DeviceWatch {
  readonly devices: readonly ListedDevice[];
  /** Why the list is empty: no adb, no server, another version. */
  readonly problem?: DeviceError;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

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
  let request = 'host:track-devices-l';
  for (;;) {
    const socket = openRequest(address, request, { signal });
    try {
      for await (const text of readFrames(socket, address, { signal })) {
        yield parseDeviceList(text);
      }
      if (signal.aborted) throw cancelled();
      return;
    } catch (error) {
      // Servers of old know only the short list.
      const isOld = error instanceof DeviceError && error.kind === 'failed';
      if (!isOld || request === 'host:track-devices') throw error;
      request = 'host:track-devices';
    } finally {
      socket.destroy();
    }
  }
}
