/** What people call the places where models run. */
import type { DeviceReport, RunTarget } from '../run/runProtocol.ts';
import { deviceOf } from '../run/runProtocol.ts';

const THIS_COMPUTER: Readonly<Record<string, string>> = {
  wasm: 'WebAssembly',
  native: 'C',
  opencl: 'OpenCL',
};

/** 'WebAssembly', 'Pixel 8 (GPU)'; without a report of the device, its serial number stands for its name. */
export function placeName(target: RunTarget, device?: DeviceReport): string {
  const phone = deviceOf(target);
  if (phone) return `${device?.name ?? phone.serial} (${phone.gpu ? 'GPU' : 'CPU'})`;
  const name = THIS_COMPUTER[target] ?? target;
  return device ? `${name} (${device.name})` : name;
}
