// Lines of a run reach a reader that is behind: whole, in order, and once.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeLine } from '../../../compiler/run/wasm/writeLine.ts';
import { bundle } from '../../setup/bundle.ts';

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });

test('what a full pipe does not take is tried again', () => {
  const taken: number[] = [];
  let calls = 0;
  writeLine('{"kind":"hellö"}', (bytes, offset) => {
    if (calls++ % 2 === 0) throw errorOf('EAGAIN');
    const part = bytes.subarray(offset, offset + 3);
    taken.push(...part);
    return part.length;
  });
  expect(new TextDecoder().decode(Uint8Array.from(taken))).toBe('{"kind":"hellö"}\n');
});

test('a pipe that is closed ends the run', () => {
  expect(() =>
    writeLine('x', () => {
      throw errorOf('EPIPE');
    }),
  ).toThrow('EPIPE');
});

test('a reader that sleeps gets every line of a process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fusion-lines-'));
  try {
    const source = fileURLToPath(
      new URL('../../../compiler/run/wasm/writeLine.ts', import.meta.url),
    );
    const entry = join(folder, 'lines.ts');
    // Asking for `process.stdout` makes the pipe one that does not wait.
    writeFileSync(
      entry,
      `import { writeLine } from ${JSON.stringify(source)};
       void process.stdout.writableLength;
       for (let i = 0; i < 20000; i++) writeLine(JSON.stringify({ i, text: 'x'.repeat(80) }));`,
    );
    const script = join(folder, 'lines.cjs');
    await bundle(entry, script);
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { i: number }).i)).toEqual(
      Array.from({ length: 20000 }, (_, i) => i),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
