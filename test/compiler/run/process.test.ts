// Programs started side by side, as compilers are on a machine of many cores.
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../../compiler/run/process.ts';
import { RunCancelled } from '../../../compiler/run/runFailure.ts';

const LIMIT_MS = 60_000;
const COUNT = 16;

describe('many programs under one signal', () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  afterEach(() => {
    process.off('warning', note);
    warnings.length = 0;
  });

  it('end without a warning of leaking listeners', async () => {
    process.on('warning', note);
    const { signal } = new AbortController();
    const runs = Array.from({ length: COUNT }, () =>
      runProgram('/bin/sh', ['-c', 'echo done'], { signal, limitMs: LIMIT_MS }),
    );
    const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout);
    expect(outputs).toEqual(Array.from({ length: COUNT }, () => 'done\n'));
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
  });

  it('all end when it fires', async () => {
    const controller = new AbortController();
    const runs = Array.from({ length: COUNT }, () =>
      runProgram('/bin/sh', ['-c', 'exec sleep 600'], {
        signal: controller.signal,
        limitMs: LIMIT_MS,
      }),
    );
    const ends = Promise.allSettled(runs);
    controller.abort();
    for (const end of await ends) {
      expect(end.status === 'rejected' && end.reason).toBeInstanceOf(RunCancelled);
    }
  });
});
