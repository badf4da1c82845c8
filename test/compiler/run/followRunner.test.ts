/** Runners that misbehave: every way to end becomes one clear error, and no process is left. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { FollowOptions } from '../../../compiler/run/followRunner.ts';
import { followRunner } from '../../../compiler/run/followRunner.ts';
import { RunCancelled, RunFailure } from '../../../compiler/run/runFailure.ts';

const HELLO = '{"kind":"hello","runner":"fake","threads":1,"cores":1}';
const OUTPUT = '{"kind":"output","index":0,"dims":[2],"offset":0,"bytes":8}';
const TENSOR = '{"kind":"tensor","buffer":0,"offset":0,"bytes":8}';
const GOOD = [HELLO, '{"kind":"first","nanoseconds":5}', OUTPUT, '{"kind":"done"}'];

async function follow(code: string, options: Partial<FollowOptions> = {}) {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    return await followRunner(child, {
      limits: { steps: 2, buffers: 2, outputs: 1, symbols: 0 },
      limitMs: 10_000,
      blame: (step, check) => ({ block: step + 10, what: `step ${step}, check ${check}` }),
      ...options,
    });
  } finally {
    expect(child.exitCode !== null || child.signalCode !== null).toBe(true);
  }
}

const says = (lines: readonly string[], then = ''): string =>
  `require('fs').writeSync(1, ${JSON.stringify(`${lines.join('\n')}\n`)}); ${then}`;

describe('followRunner', () => {
  test('gives what the runner measured', async () => {
    const block = '{"kind":"block","step":1,"nanoseconds":[3,4]}';
    const results = await follow(says([HELLO, block, ...GOOD.slice(1)]));
    expect(results).toMatchObject({ first: 5, blocks: [[], [3, 4]], peakBytes: null });
  });

  test('puts lines together again, however they come', async () => {
    const text = JSON.stringify(`${GOOD.join('\n')}\n`);
    const slow = `(async () => { for (const c of ${text}) {
      require('fs').writeSync(1, c); await new Promise(setImmediate); } })()`;
    expect((await follow(slow)).outputs).toHaveLength(1);
  });

  test.each([
    ['garbage', says(['hello there']), 'no JSON'],
    ['binary', `require('fs').writeSync(1, Buffer.from([255, 0, 1, 10]))`, 'no JSON'],
    ['no hello', says(GOOD.slice(1)), 'does not say hello'],
    ['more after the end', says([...GOOD, HELLO]), 'goes on after its end'],
    ['outputs out of order', says([HELLO, OUTPUT, OUTPUT]), 'output'],
    ['an endless line', `for (;;) require('fs').writeSync(1, 'x'.repeat(65536))`, 'too much'],
    ['tensors without end', says([HELLO, TENSOR, TENSOR, TENSOR, ...GOOD.slice(1)]), 'too much'],
    ['no end', says([HELLO]), 'ended with status 0 before it was done'],
    ['an output missing', says([HELLO, '{"kind":"done"}']), 'before it was done'],
    ['a bad end', says(GOOD, 'process.exit(3)'), 'ended with status 3 after it was done'],
    ['a status', says([HELLO], 'process.exit(7)'), 'ended with status 7'],
    ['a signal', says([HELLO], `process.kill(process.pid, 'SIGSEGV')`), 'was ended by SIG'],
  ])('%s', async (_, code, message) => {
    const failure = await follow(code).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    expect((failure as RunFailure).message).toContain(message);
    expect((failure as RunFailure).failure).toBe('crashed');
  });

  test('garbage ends the process at once', async () => {
    const start = Date.now();
    await expect(follow(says(['x'], 'setTimeout(() => {}, 60000)'))).rejects.toThrow('no JSON');
    expect(Date.now() - start).toBeLessThan(9000);
  });

  test('an error line is told with its step, and what else was printed', async () => {
    const error = '{"kind":"error","step":1,"check":0,"message":"a check failed"}';
    const run = follow(says([HELLO, error], `console.error('more'); process.exitCode = 1`));
    await expect(run).rejects.toMatchObject({
      failure: 'check',
      block: 11,
      message: 'step 1, check 0',
      details: 'more\n',
    });
  });

  test('a device that is missing is no crash, and what to do is said', async () => {
    const error = '{"kind":"error","failure":"unavailable","message":"there is no device"}';
    const run = follow(says([error]), { advice: 'Use another.' });
    await expect(run).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'There is no device. Use another.',
    });
  });

  test('the deadline and cancelling end it', async () => {
    const hang = says([HELLO], 'for (;;) {}');
    await expect(follow(hang, { limitMs: 300 })).rejects.toMatchObject({ failure: 'limit' });
    const signal = AbortSignal.timeout(300);
    await expect(follow(hang, { signal })).rejects.toBeInstanceOf(RunCancelled);
    await expect(follow(hang, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(
      RunCancelled,
    );
  });

  test('a program that does not start', async () => {
    const child = spawn('/nowhere/runner', [], { stdio: ['ignore', 'pipe', 'pipe'] });
    const run = followRunner(child, {
      limits: { steps: 0, buffers: 0, outputs: 0, symbols: 0 },
      limitMs: 1000,
      blame: () => ({ block: 0, what: '' }),
    });
    await expect(run).rejects.toThrow('could not be started');
  });
});
