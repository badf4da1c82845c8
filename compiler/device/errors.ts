/**
 * What goes wrong with devices, as a fixed set of kinds. The message is one line that says what happened and, where
 * there is something to do, what to do; it holds no markup and quotes foreign text only cleaned.
 */
import { cleanText } from './cleanText.ts';

export type DeviceErrorKind =
  /** There is no adb program, or it does not answer like one. */
  | 'no-adb'
  /** No adb server answers. */
  | 'no-server'
  /** The adb server is of another version than the program; using it would end the server. */
  | 'version'
  /** adb knows no such device. */
  | 'not-found'
  /** The owner of the device has not allowed this computer. */
  | 'unauthorized'
  | 'offline'
  /** The system does not let adb open the USB device. */
  | 'no-permissions'
  /** It was there, and is no longer. */
  | 'lost'
  | 'full'
  /** The device does not let programs be run, or files be written. */
  | 'not-allowed'
  /** Its processor does not run such programs. */
  | 'abi'
  | 'timeout'
  /** The program took longer than it may. */
  | 'limit'
  /** An answer that makes no sense. */
  | 'garbage'
  /** A command did not do what it should have. */
  | 'failed'
  | 'cancelled';

export class DeviceError extends Error {
  override readonly name = 'DeviceError';

  constructor(
    readonly kind: DeviceErrorKind,
    message: string,
    /** What a program said: several lines, untrusted. */
    readonly details?: string,
  ) {
    super(cleanText(message, 1000));
  }
}

export function cancelled(): DeviceError {
  return new DeviceError('cancelled', 'Cancelled');
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}
