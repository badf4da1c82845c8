// `npm test`: installs what the tests need, runs the suites, and closes with one line that sums them all.
//
//   npm test                    everything
//   npm test -- unit e2e        some suites, in the order below
//
// Works on a fresh clone: only Node's built-in modules are used until `npm ci` is done.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runCommand } from './setup/command.mjs';
import { closingLine, countVitest, one, sum } from './setup/count.mjs';
import {
  browserPackages,
  devicePackages,
  ensureDebianPackages,
  findChromium,
  workbenchPackages,
} from './setup/debian.mjs';
import { ensureInstalled } from './setup/install.mjs';
import { ensureWorkbench, workbench } from './setup/workbench.mjs';

const results = join(root, 'test/.results');
const bin = (name) => join(root, 'node_modules/.bin', name);

/** Types, lint and formatting, as `npm run check` runs them, counted as one test each. */
async function check() {
  const passed = [];
  for (const script of ['types', 'lint', 'format:check']) {
    passed.push((await runCommand('npm', ['run', '--silent', script])) === 0);
  }
  return sum(passed.map(one));
}

/** Everything that needs neither a browser, an editor nor a device. */
async function unit() {
  const peers = await ensureInstalled(join(root, 'test/peers'), {
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  });
  if (!peers) return one(false);
  await deviceTools();
  const elsewhere = ['test/fuzz/**', ...deviceTests.map((path) => `${path}/**`), ...deviceTests];
  return vitest('unit', 'vitest.config.ts', {
    args: elsewhere.flatMap((path) => ['--exclude', path]),
  });
}

/** Through the real adb, against devices of the test suite's own. */
const deviceTests = ['test/device', 'test/compiler/device', 'test/runs/device.test.ts'];

/** Runs on phones: programs really run, arm ones emulated. What is missing is told by the skipped tests. */
async function devices() {
  await deviceTools();
  return vitest('devices', 'vitest.config.ts', { args: deviceTests });
}

/** adb, cross compilers, an emulator, OpenCL: where they cannot be had the tests that need them say so. */
async function deviceTools() {
  const lacking = await ensureDebianPackages(devicePackages);
  if (lacking) console.log(`tests of devices are incomplete: ${lacking}`);
}

/** Damaged and hostile models through import, inference and planning: 20,000 unless the caller says else. */
async function fuzz() {
  const env = { FUZZ_CASES: process.env.FUZZ_CASES ?? '20000' };
  return vitest('fuzz', 'vitest.config.ts', { args: ['test/fuzz'], env });
}

/** What a newcomer runs first, up to the opening of the sample. */
async function start() {
  return one((await runCommand('npm', ['start', '--silent', '--', '--no-open'])) === 0);
}

/** The .vsix can be made and is small enough. Leaves production bundles in dist/. */
async function packaging() {
  return one((await runCommand('npm', ['run', '--silent', 'package'])) === 0);
}

/** The real workbench and the plain page. Skipped, with the reason, where a machine cannot have them. */
async function e2e() {
  const lacking = await systemLacks();
  if (lacking) {
    console.log(`e2e skipped: ${lacking}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const broken = await ensureWorkbench();
  if (broken) {
    console.error(`e2e: ${broken}`);
    return one(false);
  }
  return vitest('e2e', 'vitest.e2e.config.ts');
}

/** What keeps this machine from a browser or from building the workbench; undefined when nothing does. */
async function systemLacks() {
  if (process.platform !== 'linux') return 'the workbench runs on Linux only';
  if (!findChromium()) {
    const missing = await ensureDebianPackages(browserPackages);
    if (!findChromium()) return `no Chromium: ${missing ?? 'not on the PATH'}`;
  }
  if (existsSync(workbench.marker)) return undefined;
  return ensureDebianPackages(workbenchPackages);
}

async function vitest(name, config, { args: more = [], env = {} } = {}) {
  const report = join(results, `${name}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = ['run', '--config', config, ...reporters, ...more];
  const status = await runCommand(bin('vitest'), args, { env });
  return countVitest(report, status);
}

const suites = { start, check, unit, devices, fuzz, package: packaging, e2e };

async function main(chosen) {
  const unknown = chosen.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0) {
    console.error(
      `unknown suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`,
    );
    return one(false);
  }
  mkdirSync(results, { recursive: true });
  if (!(await ensureInstalled(root))) return one(false);
  if ((await runCommand(process.execPath, ['build.mjs', '--strict'])) !== 0) return one(false);

  const counts = [];
  for (const [name, suite] of Object.entries(suites)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const started = Date.now();
    const count = await suite();
    console.log(
      `\n${name}: ${closingLine(count)} (${Math.round((Date.now() - started) / 1000)} s)`,
    );
    counts.push(count);
  }
  return sum(counts);
}

const total = await main(process.argv.slice(2));
console.log(closingLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;
