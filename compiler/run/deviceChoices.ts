/** A connected device as places to run: its processor, and its GPU where it says that it has OpenCL. */
import { cpuListText } from '../device/cpuClusters.ts';
import type { ListedDevice } from '../device/deviceList.ts';
import type { DeviceFacts } from '../device/facts.ts';
import type { TargetChoice } from '../protocol.ts';

/** @param facts undefined: not asked yet, or it did not answer */
export function deviceChoices(
  { serial, name, state, said, advice }: ListedDevice,
  facts: DeviceFacts | undefined,
): readonly TargetChoice[] {
  const called = facts?.name ?? name;
  const cpu = { target: `adb:${serial}`, label: `${called} (CPU)` } as const;
  if (state !== 'device') {
    return [{ ...cpu, detail: `${said}. ${advice ?? ''}`.trim(), available: false }];
  }
  if (!facts) return [{ ...cpu, detail: serial, available: true }];
  const gpu = { target: `adb:${serial}/gpu`, label: `${called} (GPU)` } as const;
  const [library] = facts.openclLibraries;
  return [
    { ...cpu, detail: processorLine(serial, facts), available: true },
    library === undefined
      ? {
          ...gpu,
          detail: 'It has no OpenCL library: many phones have none; its processor can be used.',
          available: false,
        }
      : { ...gpu, detail: gpuLine(serial, facts, library), available: true },
  ];
}

/** 'SERIAL, ARM Mali-G78, OpenCL through /vendor/lib64/libOpenCL.so'. */
function gpuLine(serial: string, { gpu }: DeviceFacts, library: string): string {
  return [serial, gpu, `OpenCL through ${library}`].filter((part) => part !== '').join(', ');
}

/** 'SERIAL, Tensor, arm64-v8a, Android 13, 8 cores (0-3 at 1.80 GHz, 4-7 at 2.80 GHz)'. */
export function processorLine(serial: string, facts: DeviceFacts): string {
  const clusters = facts.clusters.map(
    ({ cores, maxKhz }) =>
      `${cpuListText(cores)}${maxKhz > 0 ? ` at ${(maxKhz / 1e6).toFixed(2)} GHz` : ''}`,
  );
  const cores = `${facts.cores} cores${clusters.length > 0 ? ` (${clusters.join(', ')})` : ''}`;
  const parts = [
    serial,
    facts.soc,
    facts.abis[0] ?? '',
    facts.android === '' ? '' : `Android ${facts.android}`,
    cores,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
