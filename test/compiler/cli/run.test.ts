/** `run` and `emit` as programs: what they print and write, their exit status. Bundles of their own. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readTensorProto, writeTensorProto } from '../../../compiler/tensor/protoFile.ts';
import { scalarsOf, tensorOf } from '../../../compiler/tensor/tensor.ts';
import { bundle } from '../../setup/bundle.ts';
import { OPEN_SIZE, PLAIN, SLOW } from '../run/smallModels.ts';

let folder: string;
let plain: string;

/** Compilers are slow where a computer has other work. */
vi.setConfig({ testTimeout: 120_000 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-run-'));
  await bundle('compiler/cli.ts', join(folder, 'cli.mjs'));
  await bundle('compiler/runWorker.ts', join(folder, 'runWorker.cjs'));
  plain = file('plain.onnx', PLAIN);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  TMPDIR: join(folder),
  XDG_CACHE_HOME: join(folder, 'cache'),
  FUSION_STUDIO_ONNXRUNTIME: '',
});

function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { env: environment() };
    execFile(process.execPath, [join(folder, 'cli.mjs'), ...args], options, (error, out, err) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout: out, stderr: err });
    });
  });
}

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const x = tensorOf(
  'float32',
  [12, 50],
  Array.from({ length: 600 }, (_, i) => Math.sin(i)),
);

function inputFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'input_0.pb'), writeTensorProto(x, 'x'));
  return path;
}

describe('fusion-studio run', () => {
  test.each(['wasm', 'native'])('prints a table of blocks on %s', async (target) => {
    const { status, stdout, stderr } = await run('run', plain, '--target', target, '--verify');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^block +ms +% +kernel +operators\n +0 +\d+\.\d{3} +\d+\.\d  k0_/);
    expect(stdout).toMatch(new RegExp(`plain\\.onnx on ${target}, \\d+ threads?: [\\d.]+ ms`));
    expect(stdout).toContain('agrees with the unfused interpreter\n  y: largest error ');
  });

  test('prints the documented JSON', async () => {
    const args = ['--threads', '1', '--runs', '3', '--warmup', '1', '--planner', 'none', '--json'];
    const { status, stdout } = await run('run', plain, ...args);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      target: 'wasm',
      threads: 1,
      latencyMs: {
        median: expect.any(Number) as number,
        p10: expect.any(Number) as number,
        p90: expect.any(Number) as number,
      },
      compileMs: expect.any(Number) as number,
      arenaBytes: expect.any(Number) as number,
      outputs: [
        { name: 'y', dims: [], dtype: 'float32' },
        { name: 'r', dims: [12, 50], dtype: 'float32' },
      ],
      verify: null,
    });
    expect(report['blocks']).toHaveLength(4);
  });

  test('reads inputs, writes outputs, and compares with given ones', async () => {
    const data = inputFolder('data');
    const first = await run('run', plain, '--inputs', data, '--outputs', data, '--runs', '0');
    expect(first.status).toBe(0);
    const relu = readTensorProto(readFileSync(join(data, 'output_1.pb')));
    expect(scalarsOf(relu)).toEqual(scalarsOf(x).map((value) => Math.max(0, Number(value))));

    const again = await run('run', plain, '--inputs', data, '--verify', '--target', 'native');
    expect([again.status, again.stdout]).toEqual([0, expect.stringContaining('the given outputs')]);
    const wrong = tensorOf(
      'float32',
      [12, 50],
      scalarsOf(relu).map((value) => Number(value) + 1),
    );
    writeFileSync(join(data, 'output_1.pb'), writeTensorProto(wrong, 'r'));
    const other = await run('run', plain, '--inputs', data, '--verify');
    expect([other.status, other.stdout]).toEqual([1, expect.stringContaining('DIFFERS FROM')]);
  });

  test('binds sizes, and says what it takes for open ones', async () => {
    const path = file('open.onnx', OPEN_SIZE);
    const open = await run('run', path);
    expect(open.status).toBe(0);
    expect(open.stderr).toContain('taken as n = 64 (--dim NAME=N');
    const bound = await run('run', path, '--dim', 'n=7');
    expect(bound).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([
    [[], 2, 'MODEL is missing'],
    [['--target', 'gpu'], 2, '--target is one of wasm, native, opencl'],
    [['--runs', '-1'], 2, '--runs'],
    [['--threads', 'many'], 2, '--threads wants a number from 0 to 256'],
    [['--planner', 'best'], 2, '--planner is one of'],
    [['--inputs', '/nowhere'], 1, 'There is no readable folder /nowhere'],
  ])('refuses %j', async (args, status, message) => {
    const result = await run('run', ...(status === 2 && args.length === 0 ? [] : [plain]), ...args);
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe('');
  });

  test('refuses tensors that are none, and models that are none', async () => {
    const data = inputFolder('broken');
    writeFileSync(join(data, 'input_0.pb'), 'no tensor');
    const tensors = await run('run', plain, '--inputs', data);
    expect([tensors.status, tensors.stderr]).toEqual([
      1,
      expect.stringMatching(/input_0\.pb: .+\n$/),
    ]);
    const none = await run('run', file('none.onnx', new Uint8Array([1, 2, 3])));
    expect([none.status, none.stderr]).toEqual([1, expect.stringMatching(/^fusion-studio: .+\n$/)]);
  });

  test('shows what a compiler says, and says when there is none', async () => {
    const child = promisedExit(['run', plain, '--target', 'native'], { CC: '/nowhere/cc' });
    expect(await child).toMatchObject({
      status: 1,
      stderr: '/nowhere/cc is no C compiler that can be used here.',
    });
  });

  test('Ctrl+C ends everything', async () => {
    const path = file('slow.onnx', SLOW);
    const args = [join(folder, 'cli.mjs'), 'run', path];
    const child = spawn(process.execPath, args, { env: environment(), stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    setTimeout(() => child.kill('SIGINT'), 3000);
    expect(await ended).toBe(130);
    const runs = readdirSync(folder).filter((name) => name.startsWith('fusion-studio-'));
    for (const name of runs) expect(readdirSync(join(folder, name))).toEqual([]);
  });
});

function promisedExit(args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve) => {
    const options = { env: { ...environment(), ...env } };
    execFile(process.execPath, [join(folder, 'cli.mjs'), ...args], options, (error, out, err) => {
      const stderr = err.replace(/^fusion-studio: /, '').trimEnd();
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout: out, stderr });
    });
  });
}

describe('fusion-studio emit', () => {
  test('writes sources that compile and run by themselves', async () => {
    const out = join(folder, 'emitted');
    const { status, stdout } = await run('emit', plain, '--target', 'native', '-o', out);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^plain\.onnx: \d+ files in .+\n$/),
    ]);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
      readonly compile: string[];
      readonly link: string[];
      readonly kernels: { readonly file: string }[];
      readonly steps: { readonly operators: { readonly type: string }[] }[];
    };
    expect(manifest.steps.flatMap(({ operators }) => operators.map(({ type }) => type))).toEqual(
      expect.arrayContaining(['Relu', 'Mul', 'ReduceSum', 'Cos']),
    );
    for (const kernel of manifest.kernels) {
      expect(readFileSync(join(out, kernel.file), 'utf8')).toMatch(/^\/\*\n \* \w+/);
    }
    const sources = readdirSync(out).filter((name) => name.endsWith('.c'));
    const args = [...manifest.compile, ...sources, '-o', 'program', ...manifest.link];
    execFileSync('cc', args, { cwd: out });
    writeFileSync(join(out, 'inputs.bin'), Buffer.concat([x.bytes, Buffer.alloc(32)]));
    const files = ['--weights', 'weights.bin', '--inputs', 'inputs.bin', '--outputs', 'out.bin'];
    const said = execFileSync(join(out, 'program'), files, { cwd: out, encoding: 'utf8' });
    expect(said.trimEnd().split('\n').at(-1)).toBe('{"kind":"done"}');
    const relu = Float32Array.from(x.bytes.length ? (scalarsOf(x) as number[]) : []).map((value) =>
      Math.max(0, value),
    );
    const written = Uint8Array.from(readFileSync(join(out, 'out.bin')));
    expect(new Float32Array(written.buffer).slice(1)).toEqual(relu);
  });

  test('writes a WebAssembly module and the kernels as C', async () => {
    const out = join(folder, 'emitted-wasm');
    expect((await run('emit', plain, '--target', 'wasm', '-o', out)).status).toBe(0);
    const module = readFileSync(join(out, 'program.wasm'));
    expect(module.subarray(0, 4).toString('latin1')).toBe('\0asm');
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(['manifest.json', 'program.json', 'weights.bin']),
    );
  });

  test('refuses what it cannot do', async () => {
    const noFolder = await run('emit', plain, '--target', 'wasm');
    expect([noFolder.status, noFolder.stderr]).toEqual([2, expect.stringContaining('-o DIR')]);
    const noTarget = await run('emit', plain, '--target', 'z80', '-o', folder);
    expect([noTarget.status, noTarget.stderr]).toEqual([2, expect.stringContaining('z80')]);
  });
});
