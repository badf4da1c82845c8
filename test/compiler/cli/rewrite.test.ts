/** `rewrite` and `compare-planners` as programs: what they write and print, their exit status. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { planCsv, planMarkdown } from '../../../compiler/export/planTable.ts';
import { PLANNERS } from '../../../compiler/fusion/plan.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { bundle } from '../../setup/bundle.ts';
import { cCompiler } from '../emit/c/compileAndRun.ts';
import { externalTensor, input, model, node, tensor } from '../onnx/protoWriter.ts';

let folder: string;
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-rewrite-'));
  await bundle('compiler/cli.ts', join(folder, 'cli.mjs'));
  await bundle('compiler/runWorker.ts', join(folder, 'runWorker.cjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, TMPDIR: folder } };
    execFile(process.execPath, [join(folder, 'cli.mjs'), ...args], options, (error, out, err) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout: out, stderr: err });
    });
  });
}

/** (x · w) + b twice over, with a transposition that undoes another. */
function sample(name: string, weights: Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const file = join(path, 'model.onnx');
  writeFileSync(
    file,
    model({
      opset: 13,
      inputs: [input('x', 'float32', [20, 40])],
      initializers: [weights],
      nodes: [
        node('Transpose', ['x'], ['t'], { perm: [1, 0] }),
        node('Transpose', ['t'], ['u'], { perm: [1, 0] }),
        node('MatMul', ['u', 'w'], ['m']),
        node('Relu', ['m'], ['y']),
      ],
      outputs: ['y'],
    }),
  );
  return file;
}

const ones = tensor('w', 'float32', [40, 30], new Array<number>(1200).fill(1));

describe('fusion-studio rewrite', () => {
  it('writes the rewritten model and says what it did', async () => {
    const path = sample('plain', ones);
    const output = join(folder, 'plain', 'out.onnx');
    const { status, stdout, stderr } = await run('rewrite', path, '-o', output, '--json');
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      ...{ model: 'model.onnx', opset: 13, refers: true },
      ...{ before: { operators: 4 }, after: { operators: 2 } },
    });
    const source = openModelFile(output);
    const { graph } = importModel(source);
    source.close();
    expect(graph.operators.map(({ type }) => type)).toEqual(['MatMul', 'Relu']);
    // The weights are in the original.
    expect(graph.values.find(({ name }) => name === 'w')!.constant!.source).toMatchObject({
      ...{ kind: 'external', location: 'model.onnx' },
    });
  });

  it('copies weights to another folder', async () => {
    const path = sample('here', ones);
    const output = join(folder, 'elsewhere.onnx');
    const { status, stdout } = await run('rewrite', path, '-o', output);
    expect(status).toBe(0);
    expect(stdout).toMatch(/operators +4 +2 +-50\.0 %/);
    const source = openModelFile(output);
    const { graph } = importModel(source);
    source.close();
    expect(graph.values.find(({ name }) => name === 'w')!.constant!.source.kind).toBe('model');
  });

  it('says what stands in the way, and leaves no file', async () => {
    const missing = externalTensor('w', 'float32', [40, 30], 'gone.bin', { length: 4800 });
    const path = sample('missing', missing);
    const output = join(folder, 'unwritten.onnx');
    const { status, stderr } = await run('rewrite', path, '-o', output);
    expect(status).toBe(1);
    expect(stderr).toContain('gone.bin');
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
    const over = await run('rewrite', path, '-o', path);
    expect([over.status, over.stderr]).toEqual([
      1,
      expect.stringContaining('give it another name'),
    ]);
    expect((await run('rewrite', path)).status).toBe(2);
  });
});

describe('fusion-studio compare-planners', () => {
  it('prints every planner with and without rewriting', async () => {
    const path = sample('planners', ones);
    const { status, stdout } = await run('compare-planners', path, '--json');
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as { planner: string; rewriting: boolean; operators: number }[];
    expect(rows.map(({ planner, rewriting }) => `${planner} ${rewriting}`)).toEqual(
      PLANNERS.flatMap((planner) => [`${planner} false`, `${planner} true`]),
    );
    expect(rows.map(({ operators }) => operators)).toEqual(PLANNERS.flatMap(() => [4, 2]));
    expect((await run('compare-planners', path, '--csv', '--json')).status).toBe(2);
    expect((await run('compare-planners', path, '--target', 'adb:; ls')).status).toBe(2);
  });

  it.each(['wasm', ...(cCompiler() === undefined ? [] : ['native'])])(
    'measures them on %s',
    async (target) => {
      const path = sample(`measured-${target}`, ones);
      const { stdout } = await run('compare-planners', path, '--csv', '--target', target);
      const lines = stdout.trimEnd().split('\r\n');
      expect(lines[0]).toBe('planner,rewriting,operators,blocks,FLOPs,bytes,ms');
      expect(lines.length).toBe(1 + 2 * PLANNERS.length);
      for (const line of lines.slice(1))
        expect(line).toMatch(/^\w+,o(n|ff),[24],\d,\d+,\d+,\d+\.\d{3}$/);
      const last = lines.find((line) => line.startsWith('dnnfusion,on'));
      expect(last).toMatch(/^dnnfusion,on,2,1,\d+,0,/);
    },
  );

  it('says of a device that is not there that it is not', async () => {
    const path = sample('gone', ones);
    const { status, stderr } = await run('compare-planners', path, '--target', 'adb:nobody');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/adb|nobody/)]);
  });

  it('has tables that programs read', () => {
    const row = {
      planner: 'none',
      rewriting: true,
      operators: 3,
      blocks: 2,
      flops: 1e12,
      bytes: 5,
    } as const;
    expect(planCsv([{ ...row, ms: 1.23456 }])).toBe(
      'planner,rewriting,operators,blocks,FLOPs,bytes,ms\r\nnone,on,3,2,1000000000000,5,1.235\r\n',
    );
    expect(planMarkdown([row]).split('\n')[2]).toBe('| none | on | 3 | 2 | 1000000000000 | 5 |  |');
  });
});
