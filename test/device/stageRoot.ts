// Writes what a profile says into a folder from which the device's root is made.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { toolLinks, toolScripts } from './androidTools.ts';
import { execHook } from './execHook.ts';
import type { DeviceProfile } from './profile.ts';

/** This computer's OpenCL, where it has one, in the place where phones have it. */
const icds = ['/etc/OpenCL/vendors/pocl.icd'];
const vendorLinks: Readonly<Record<string, string>> = {
  '/vendor/lib64/libOpenCL.so': '/usr/lib/x86_64-linux-gnu/libOpenCL.so.1',
  // PoCL's compiler calls a linker.
  '/vendor/bin/ld': '/usr/bin/ld',
};

/** `root` is copied to the device's root, `proc` covers files of the kernel. */
export function stageRoot(stage: string, profile: DeviceProfile): void {
  const root = join(stage, 'root');
  const write = (path: string, text: string): void => {
    const file = path.startsWith('/proc/') ? join(stage, path) : join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  mkdirSync(join(stage, 'proc'), { recursive: true });
  for (const [path, text] of Object.entries(profile.files)) write(path, text);
  const properties = Object.entries(profile.properties);
  write('/system/build.prop', properties.map(([name, value]) => `${name}=${value}\n`).join(''));
  const machines = Object.entries(profile.machines);
  write('/system/etc/machines', machines.map((pair) => `${pair.join(' ')}\n`).join(''));
  write('/etc/passwd', 'root::0:0:::/system/bin/sh\nshell::2000:2000:::/system/bin/sh\n');
  write('/etc/group', 'root::0:\nshell::2000:\n');
  write('/etc/ld.so.preload', '/system/lib64/libexechook.so\n');
  for (const path of ['/etc/ld.so.cache', ...(profile.hosted ? icds : [])]) {
    if (!existsSync(path)) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  mkdirSync(join(root, 'system/lib64'), { recursive: true });
  copyFileSync(execHook(), join(root, 'system/lib64/libexechook.so'));

  const bin = join(root, 'system/bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, script] of Object.entries(toolScripts(profile))) {
    write(`/system/bin/${name}`, script);
    chmodSync(join(bin, name), 0o755);
  }
  for (const [name, target] of Object.entries(toolLinks)) symlinkSync(target, join(bin, name));
  if (profile.hosted) {
    for (const [path, target] of Object.entries(vendorLinks)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      symlinkSync(target, join(root, path));
    }
  }
}
