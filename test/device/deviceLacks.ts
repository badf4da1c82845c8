// What keeps this computer from having test devices. Suites that need them are skipped with the reason.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { devicePackages } from '../setup/debian.mjs';

/** What the packages bring that is looked for: a package may also be there under another name. */
const PROGRAMS = ['adb', 'mksh', 'toybox', 'unshare', 'nsenter', 'gcc'];
const ARM_PROGRAMS = ['qemu-aarch64-static', 'qemu-arm-static', 'aarch64-linux-gnu-gcc'];

/** Undefined: nothing. */
export function deviceLacks(): string | undefined {
  if (process.platform !== 'linux') return 'test devices need Linux';
  const missing = PROGRAMS.filter((name) => !found(name));
  if (missing.length > 0)
    return `no ${missing.join(', ')}: apt-get install ${devicePackages.join(' ')}`;
  const flags = process.getuid?.() === 0 ? [] : ['-r'];
  const { status } = spawnSync('unshare', [...flags, '-m', '-p', '-f', 'true']);
  return status === 0 ? undefined : 'private namespaces are not allowed here';
}

/** The same for devices with processors of another kind. */
export function armDeviceLacks(): string | undefined {
  const missing = ARM_PROGRAMS.filter((name) => !found(name));
  if (missing.length === 0) return deviceLacks();
  return `no ${missing.join(', ')}: apt-get install ${devicePackages.join(' ')}`;
}

function found(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, name)));
}

/** A suite's name, with the reason where it is skipped. */
export function skipName(name: string, lacks: string | undefined): string {
  return lacks === undefined ? name || 'whole runs' : `${name} (skipped: ${lacks})`;
}
