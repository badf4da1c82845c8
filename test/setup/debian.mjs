// System packages of the suites: a browser, what the workbench's native modules compile against, and what
// devices for tests and their programs are made of. Installed on Debian and its relatives when the user is root; elsewhere the caller is told what
// is missing. Node built-ins only.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './command.mjs';

/** The browser that Playwright drives, with one font to draw text with. */
export const browserPackages = ['chromium', 'fonts-dejavu-core'];

/** What code-server's native modules are compiled with. */
export const workbenchPackages = [
  'build-essential',
  'python3',
  'pkg-config',
  'libkrb5-dev',
  'libsecret-1-dev',
  'libx11-dev',
  'libxkbfile-dev',
];

/** The real adb, the shell and tools of a test device, arm programs and their emulators, OpenCL on processors. */
export const devicePackages = [
  'adb',
  'mksh',
  'toybox',
  'util-linux',
  'gcc',
  'libc6-dev',
  'gcc-aarch64-linux-gnu',
  'libc6-dev-arm64-cross',
  'gcc-arm-linux-gnueabihf',
  'libc6-dev-armhf-cross',
  'qemu-user-static',
  'pocl-opencl-icd',
  'ocl-icd-libopencl1',
];

/**
 * Makes sure that Debian packages are installed.
 *
 * @param {string[]} packages
 * @returns {Promise<string | undefined>} why they are not to be had, or undefined when they are there
 */
export async function ensureDebianPackages(packages) {
  if (!existsSync('/etc/debian_version')) {
    return `not a Debian system, so ${packages.join(', ')} must be installed by hand`;
  }
  const missing = packages.filter((name) => !isPackageInstalled(name));
  if (missing.length === 0) return undefined;
  if (process.getuid?.() !== 0) return `not root: apt-get install ${missing.join(' ')}`;

  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...missing];
  const done =
    (await runCommand('apt-get', ['update', '-q'], { env, quiet: true })) === 0 &&
    (await runCommand('apt-get', install, { env, quiet: true })) === 0;
  return done ? undefined : `apt-get could not install ${missing.join(', ')}`;
}

/** @param {string} name */
function isPackageInstalled(name) {
  const query = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' });
  return query.status === 0 && query.stdout.includes('install ok installed');
}

/**
 * The first Chromium-like browser on the PATH, or the one that CHROMIUM names.
 *
 * @returns {string | undefined} absolute path
 */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named) return existsSync(named) ? named : undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
}
