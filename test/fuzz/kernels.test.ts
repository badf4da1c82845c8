// Random graphs as generated code: however they are planned, WebAssembly and C give what the interpreter gives operator by
// operator. FUZZ_GRAPHS and FUZZ_FROM choose the graphs; a failure names its seed: FUZZ_FROM=N FUZZ_GRAPHS=1 repeats it.
import { describe, expect, it } from 'vitest';
import { C_FLAGS } from '../../compiler/emit/c/flags.ts';
import { TARGETS } from '../../compiler/target/target.ts';
import { cCompiler } from '../compiler/emit/c/compileAndRun.ts';
import { hasSanitizers, SANITIZED } from '../compiler/emit/c/sanitizers.ts';
import type { BatchOptions } from './kernels/fuzzBatch.ts';
import { FuzzBatch, newTally } from './kernels/fuzzBatch.ts';

const GRAPHS = Number(process.env['FUZZ_GRAPHS'] ?? 1000);
const FROM = Number(process.env['FUZZ_FROM'] ?? 0);
/** How many of them also as native programs. */
const NATIVE_GRAPHS = Math.min(GRAPHS, Number(process.env['FUZZ_NATIVE'] ?? GRAPHS));
const PER_BATCH = 50;
/** Graphs under sanitizers, which make code several times larger. */
const SANITIZED_GRAPHS = Math.min(GRAPHS, 40);
const TIMEOUT = 600_000;

const QUICK = [...C_FLAGS.filter((flag) => flag !== '-O3'), '-O1', '-march=native'];
const SCHEDULES = [TARGETS.x86_64, TARGETS['x86_64-avx2'], TARGETS['x86_64-avx512']];

function batchesOf(count: number): readonly { readonly from: number; readonly count: number }[] {
  return Array.from({ length: Math.ceil(count / PER_BATCH) }, (_, i) => ({
    from: FROM + i * PER_BATCH,
    count: Math.min(PER_BATCH, count - i * PER_BATCH),
  }));
}

const hasCompiler = cCompiler() !== undefined;

describe('random graphs as generated code', () => {
  const tally = newTally();
  const native = hasCompiler ? NATIVE_GRAPHS : 0;
  const kernels = { count: 0 };
  /** One program is compiled while the next graphs are built. */
  const running = new Map<number, Promise<readonly string[]>>();
  let last: Promise<unknown> = Promise.resolve();

  for (const { from, count } of batchesOf(GRAPHS)) {
    const targets = from - FROM < native ? SCHEDULES : [];
    const options: BatchOptions = { from, count, wasm: true, native: targets };

    it(
      `${from} to ${from + count - 1} give the same on WebAssembly`,
      async () => {
        const batch = new FuzzBatch(options, tally);
        await batch.prepare();
        if (targets.length > 0) {
          kernels.count += batch.program.kernelCount;
          const run = last.then(() => batch.runNative({ flags: QUICK }));
          last = run.catch(() => undefined);
          running.set(from, run);
        }
        expect(batch.failures.join('\n\n')).toBe('');
      },
      TIMEOUT,
    );
  }

  for (const { from, count } of batchesOf(native)) {
    it(
      `${from} to ${from + count - 1} give the same as a native program`,
      async () => {
        const failures = await running.get(from);
        expect(failures).toBeDefined();
        expect(failures!.join('\n\n')).toBe('');
      },
      TIMEOUT,
    );
  }

  it('were fused, and compared', () => {
    const { graphs, runs, fusedBlocks, outputs, unstable, kinds } = tally;
    console.log(
      `${graphs} graphs of ${kinds.size} operators, ${runs} runs, ${fusedBlocks} fused blocks, ` +
        `${outputs} outputs compared but for ${unstable}; ${kernels.count} native kernels`,
    );
    expect(graphs).toBe(GRAPHS);
    if (GRAPHS < 100) return;
    expect(fusedBlocks).toBeGreaterThan(graphs * 2);
    expect(kinds.size).toBeGreaterThan(50);
    expect(unstable).toBeLessThan(outputs / 10);
  });
});

describe.skipIf(!hasSanitizers())('random graphs under sanitizers', () => {
  it(
    `${SANITIZED_GRAPHS} of them keep to their memory, and give the same`,
    async () => {
      const options = {
        from: FROM,
        count: SANITIZED_GRAPHS,
        wasm: false,
        native: [TARGETS.x86_64],
      };
      const batch = new FuzzBatch(options, newTally());
      await batch.prepare();
      const failures = await batch.runNative({ flags: SANITIZED, apart: true });
      expect([...batch.failures, ...failures].join('\n\n')).toBe('');
      // Unfused, by two planners, and with random overrides.
      expect(batch.program.runCount).toBe(4 * SANITIZED_GRAPHS);
    },
    TIMEOUT,
  );
});
