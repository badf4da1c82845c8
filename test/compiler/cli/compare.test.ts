/** `compare`, `profile` and `targets` as programs: what they print, their exit status. Bundles of their own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CompareReport } from '../../../compiler/run/runProtocol.ts';
import { bundle } from '../../setup/bundle.ts';
import { input, model, node, tensor } from '../onnx/protoWriter.ts';
import { NETWORK, OPEN_SIZE, PLAIN } from '../run/smallModels.ts';

let folder: string;
let network: string;
let upsampling: string;

/** Compilers are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

/** A convolution and what resizes it: yellow in Table 3. */
const UPSAMPLING = model({
  opset: 17,
  inputs: [input('x', 'float32', [1, 8, 16, 16])],
  initializers: [
    tensor(
      'w',
      'float32',
      [8, 8, 3, 3],
      Array.from({ length: 576 }, (_, i) => Math.sin(i)),
    ),
    tensor('scales', 'float32', [4], [1, 1, 2, 2]),
  ],
  nodes: [
    node('Conv', ['x', 'w'], ['c'], { pads: [1, 1, 1, 1] }),
    node('Relu', ['c'], ['r']),
    node('Resize', ['r', '', 'scales'], ['u'], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    }),
    node('Sigmoid', ['u'], ['y']),
  ],
  outputs: ['y'],
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-compare-'));
  await bundle('compiler/cli.ts', join(folder, 'cli.mjs'));
  await bundle('compiler/runWorker.ts', join(folder, 'runWorker.cjs'));
  network = file('network.onnx', NETWORK);
  upsampling = file('upsampling.onnx', UPSAMPLING);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
  const env = {
    ...process.env,
    TMPDIR: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    FUSION_STUDIO_ONNXRUNTIME: '',
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, 'cli.mjs'), ...args], { env }, (error, out, err) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout: out, stderr: err });
    });
  });
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const FEW = ['--threads', '1', '--runs', '16'];
const FUSED_AND_NOT = ['--a', 'planner:dnnfusion', '--b', 'planner:none'];

describe('fusion-studio compare', () => {
  test('prints blocks side by side and a verdict', async () => {
    const { status, stdout, stderr } = await run(['compare', network, ...FUSED_AND_NOT, ...FEW]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^blocks A +blocks B +A ms +B ms +B - A ms +95 % interval +faster\n/);
    expect(stdout).toContain('network.onnx on wasm, 1 thread, 16 pairs by turns\nA, dnnfusion: ');
    expect(stdout).toMatch(/\nB - A: -?[\d.]+ ms \[-?[\d.]+, -?[\d.]+\], B \/ A: [\d.]+ \[/);
    expect(stdout).toMatch(
      /\n(A is faster|B is faster|no difference: the 95 % interval holds 0)\n/,
    );
    expect(stdout).toContain('both give the same outputs\n');
  });

  test('plans from files, and JSON', async () => {
    const path = file('a.json', JSON.stringify({ version: 1, planner: 'none' }));
    const args = ['--a', path, '--b', 'planner:pattern', '--json', ...FEW];
    const { status, stdout, stderr } = await run(['compare', network, ...args]);
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as CompareReport;
    expect([report.a.planner, report.b.planner, report.pairs]).toEqual(['none', 'pattern', 16]);
    expect(report.agreement.passed).toBe(true);
    expect(['a-faster', 'b-faster', 'no-difference']).toContain(report.verdict);
  });

  test('says which sizes it assumed', async () => {
    const open = file('open.onnx', OPEN_SIZE);
    const { status, stderr } = await run(['compare', open, ...FUSED_AND_NOT, ...FEW]);
    expect(status).toBe(0);
    expect(stderr).toContain('are taken as n = 64');
  });

  test.each([
    [['compare'], 'MODEL is missing'],
    [['compare', 'm.onnx', '--a', 'planner:none'], '--a and --b name the two plans'],
    [['compare', 'm.onnx', '--a', 'planner:best', '--b', 'planner:none'], '--planner is one of'],
    [['compare', 'm.onnx', ...FUSED_AND_NOT, '--runs', '0'], 'at least one pair'],
    [
      ['compare', 'm.onnx', ...FUSED_AND_NOT, '--target', 'moon'],
      '--target is one of wasm, native',
    ],
    [['compare', 'm.onnx', ...FUSED_AND_NOT, '--target', 'adb:a b'], '--target is one of'],
    [['compare', 'm.onnx', ...FUSED_AND_NOT, '--cores', '$(x)'], '--cores wants'],
    [['profile'], 'MODEL is missing'],
    [['targets', 'x'], "unexpected argument 'x'"],
  ])('%j is refused', async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('fusion-studio profile', () => {
  test('measures yellow cells, plans with the times, and moves them to another computer', async () => {
    const exported = join(folder, 'times.json');
    const args = ['--threads', '1', '--runs', '30', '--export', exported];
    const { status, stdout } = await run(['profile', upsampling, ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^upsampling\.onnx on wasm@.* x1: [2-9] runs\n\d+ yellow edges? decided/,
    );
    expect(existsSync(join(folder, 'cache', 'fusion-studio', 'profiles.json'))).toBe(true);
    // What another computer imports answers the same questions: one run is enough.
    const other = { XDG_CACHE_HOME: join(folder, 'other') };
    const imported = await run(['profile', '--import', exported], other);
    expect([imported.status, imported.stderr]).toEqual([0, '']);
    const again = await run(
      ['profile', upsampling, '--threads', '1', '--runs', '5', '--json'],
      other,
    );
    const found = JSON.parse(again.stdout) as Record<string, unknown>;
    expect(found['runs']).toBe(1);
    expect(found['unanswered']).toBe(0);
  });

  test('runs feed the database', async () => {
    const other = { XDG_CACHE_HOME: join(folder, 'fed') };
    const plain = file('plain.onnx', PLAIN);
    expect((await run(['run', plain, '--runs', '3', '--threads', '1'], other)).status).toBe(0);
    const text = readFileSync(join(folder, 'fed', 'fusion-studio', 'profiles.json'), 'utf8');
    const { devices } = JSON.parse(text) as { devices: { device: string; records: unknown[] }[] };
    expect(devices).toHaveLength(1);
    expect(devices[0]!.device).toMatch(/^wasm@.* x1$/);
    expect(devices[0]!.records.length).toBeGreaterThan(0);
  });

  test('what is no database is not imported', async () => {
    const path = file('wrong.json', '{}');
    const { status, stderr } = await run(['profile', '--import', path]);
    expect(status).toBe(1);
    expect(stderr).toContain('This is no profile database');
  });
});

describe('fusion-studio targets', () => {
  test('lists this computer and why there are no phones', async () => {
    const lonely = {
      PATH: '/nowhere',
      HOME: folder,
      ANDROID_HOME: '',
      ANDROID_SDK_ROOT: '',
      ADB_SERVER_SOCKET: 'tcp:127.0.0.1:1',
    };
    const { status, stdout } = await run(['targets', '--json'], lonely);
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as {
      targets: { target: string; available: boolean }[];
      adb: string;
      compilers: { abi: string; available: boolean; detail: string }[];
    };
    const ready = found.targets.map(({ target, available }) => [target, available]);
    expect(ready.slice(0, 2)).toEqual([
      ['wasm', true],
      ['native', false],
    ]);
    expect(found.adb).toMatch(/adb/);
    expect(found.compilers.map(({ abi, available }) => [abi, available])).toEqual([
      ['arm64-v8a', false],
      ['armeabi-v7a', false],
      ['x86_64', false],
    ]);
    expect(found.compilers[0]!.detail).toContain('install the Android NDK');
    const text = await run(['targets'], lonely);
    expect(text.stdout).toMatch(/^target +name +detail\nwasm +ready +WebAssembly/);
    expect(text.stdout).toMatch(/\nadb:… +not ready +Phones +/);
  });
});
