/** The command line as a program: what it prints, and its exit status. Runs a bundle of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLANNERS } from '../../../compiler/fusion/plan.ts';
import { bundle } from '../../setup/bundle.ts';
import { input, model, node } from '../onnx/protoWriter.ts';

let folder: string;
let cli: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'));
  cli = join(folder, 'cli.mjs');
  await bundle('compiler/cli.ts', cli);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (error, stdout, stderr) => {
      const status = error ? Number(error.code ?? 1) : 0;
      resolve({ status, stdout, stderr });
    });
  });
}

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('fusion-studio plan', () => {
  test('prints a table that ends with the totals', async () => {
    const { status, stdout, stderr } = await run('plan', 'test/models/c3d.onnx');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^block +ops +mapping type/);
    expect(stdout).toMatch(/c3d\.onnx: 28 operators in \d+ blocks \(planner dnnfusion/);
  });

  test('prints the documented JSON for every planner', async () => {
    for (const planner of PLANNERS) {
      const { stdout } = await run('plan', 'test/models/c3d.onnx', '--planner', planner, '--json');
      const report = JSON.parse(stdout) as Record<string, unknown>;
      expect(Object.keys(report)).toEqual([
        'model',
        'operators',
        'blocks',
        'planner',
        'fusionRate',
        'flops',
        'intermediateBytesBefore',
        'intermediateBytesAfter',
        'importMs',
        'planMs',
        'diagnostics',
      ]);
      expect(report).toMatchObject({ model: 'c3d.onnx', operators: 28, planner });
      if (planner === 'none') expect(report).toMatchObject({ blocks: 28, fusionRate: 1 });
    }
  });

  test('rewrites unless told not to, and more with fast math', async () => {
    const product = file(
      'product.onnx',
      model({
        opset: 17,
        inputs: [input('x', 'float32', [4, 8]), input('b', 'float32', [4, 8])],
        nodes: [
          node('Sqrt', ['b'], ['r']),
          node('Mul', ['x', 'r'], ['p']),
          node('Mul', ['p', 'r'], ['y']),
        ],
        outputs: ['y'],
      }),
    );
    const operators = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await run('plan', product, '--json', ...args);
      return (JSON.parse(stdout) as { operators: unknown }).operators;
    };
    expect(await operators('--no-rewrite')).toBe(3);
    expect(Number(await operators('--fast-math'))).toBeLessThan(3);
    const both = await run('plan', product, '--no-rewrite', '--fast-math');
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('exclude each other')]);
  });

  test('applies overrides from a file and bindings from --dim', async () => {
    const overrides = file('o.json', JSON.stringify({ version: 1, planner: 'none' }));
    const { stdout } = await run(
      'plan',
      'test/models/c3d.onnx',
      '--overrides',
      overrides,
      '--json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ planner: 'none', blocks: 28 });
    const symbolic = model({
      opset: 13,
      inputs: [input('x', 'float32', ['n', 4])],
      nodes: [node('Relu', ['x'], ['y'])],
      outputs: ['y'],
    });
    const path = file('symbolic.onnx', symbolic);
    const bound = await run('plan', path, '--dim', 'n=100', '--json');
    expect(JSON.parse(bound.stdout)).toMatchObject({ flops: 400 });
  });

  const failures: [name: string, content: () => Uint8Array | string | null][] = [
    ['absent.onnx', () => null],
    ['text.onnx', () => 'this is no model'],
    ['empty.onnx', () => ''],
    [
      'truncated.onnx',
      () => {
        const whole = readFileSync('test/models/c3d.onnx');
        return whole.subarray(0, whole.length - 100);
      },
    ],
    [
      'dangling.onnx',
      () =>
        model({
          opset: 13,
          inputs: [input('x', 'float32', [1])],
          nodes: [node('Add', ['x', 'nowhere'], ['y'])],
          outputs: ['y'],
        }),
    ],
  ];
  for (const [name, content] of failures) {
    test(`exits with 1 and one clear line for ${name}`, async () => {
      const bytes = content();
      const path = bytes === null ? join(folder, name) : file(name, bytes);
      const { status, stdout, stderr } = await run('plan', path);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^fusion-studio: .+\n$/);
    });
  }

  test('says what is wrong with the arguments, and exits with 2', async () => {
    for (const args of [['plan'], ['plan', 'a', 'b'], ['plan', 'a', '--dim', 'n=0'], ['nope']]) {
      const { status, stderr } = await run(...args);
      expect(status).toBe(2);
      expect(stderr).toContain('Usage:');
    }
  });

  test('names of a model cannot write control characters to the terminal', async () => {
    const hostile = model({
      opset: 13,
      inputs: [input('x', 'float32', [1])],
      nodes: [node('\u001b[2J\u202eEvil', ['x'], ['y'])],
      outputs: ['y'],
    });
    const { stdout } = await run('plan', file('hostile.onnx', hostile));
    expect(stdout).toContain('Evil');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u202e');
  });
});
