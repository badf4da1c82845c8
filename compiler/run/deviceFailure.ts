/** Errors of devices as failures of runs. */
import { DeviceError } from '../device/errors.ts';
import type { DeviceErrorKind } from '../device/errors.ts';
import type { FailureKind } from './runFailure.ts';
import { RunCancelled, RunFailure } from './runFailure.ts';

const KINDS: Partial<Readonly<Record<DeviceErrorKind, FailureKind>>> = { limit: 'limit' };

/** Other errors stay as they are. */
export function asRunError(error: unknown): unknown {
  return error instanceof DeviceError ? runErrorOf(error) : error;
}

export function runErrorOf({ kind, message, details }: DeviceError): RunFailure | RunCancelled {
  if (kind === 'cancelled') return new RunCancelled();
  return new RunFailure(KINDS[kind] ?? 'unavailable', message, details?.trim() || undefined);
}

/** Awaits, with errors of devices as failures of runs. */
export async function onDevice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRunError(error);
  }
}
