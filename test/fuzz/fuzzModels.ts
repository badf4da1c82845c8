// Drives fuzz cases through child processes with limits per case: 5 seconds, 1 GB. A case that hangs or
// kills its process is recorded by number, and the rest goes on in a new process.
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import type { Report } from './child.ts';
import { seedModels } from './seeds.ts';

export interface FuzzResult {
  readonly cases: number;
  /** 'planned' or a ModelError's code -> count. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** One text per case that went wrong, starting with 'case N (mutation)'. */
  readonly failures: readonly string[];
  readonly slowest: { readonly number: number; readonly ms: number };
  /** Largest resident memory of any child. */
  readonly peakMb: number;
}

/** Processor time. */
const CASE_MS = 5000;
/** Time on the wall after which a case counts as hanging, also on a busy machine. */
const HANG_MS = 20_000;
const MOST_MB = 1024;
/** Starting the process and reading the seeds. */
const START_MS = 20_000;
const MOST_FAILURES = 20;

/** Runs the cases `[from, from + count)`, shared between `processes` children. */
export async function fuzzModels(from: number, count: number, processes = 2): Promise<FuzzResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fusion-fuzz-'));
  try {
    const child = join(folder, 'child.cjs');
    await esbuild.build({
      entryPoints: [fileURLToPath(new URL('./child.ts', import.meta.url))],
      outfile: child,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      logLevel: 'error',
    });
    const seeds = join(folder, 'seeds');
    mkdirSync(seeds);
    const models = fileURLToPath(new URL('../models', import.meta.url));
    seedModels(models).forEach((bytes, index) => {
      writeFileSync(join(seeds, `${String(index).padStart(4, '0')}.onnx`), bytes);
    });
    const tally = new Tally();
    const shares = Array.from({ length: processes }, (_, share) =>
      runShare({ child, seeds, work: join(folder, `work${share}`) }, tally, {
        from: from + share,
        to: from + count,
        step: processes,
      }),
    );
    await Promise.all(shares);
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Tally implements FuzzResult {
  cases = 0;
  readonly outcomes = new Map<string, number>();
  readonly failures: string[] = [];
  slowest = { number: -1, ms: 0 };
  peakMb = 0;

  done(number: number, outcome: string, ms: number): void {
    this.cases++;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (ms > this.slowest.ms) this.slowest = { number, ms };
  }

  failed(label: string, message: string): void {
    this.cases++;
    this.failures.push(`${label}: ${message}`);
  }
}

interface Places {
  readonly child: string;
  readonly seeds: string;
  readonly work: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Restarts the child behind each case that ended it. */
async function runShare(places: Places, tally: Tally, range: Range): Promise<void> {
  let from = range.from;
  while (from < range.to && tally.failures.length < MOST_FAILURES) {
    const last = await runChild(places, tally, { ...range, from });
    if (last === undefined) return;
    from = last + range.step;
  }
}

/** Resolves with the number of the case at which the child died, or undefined when it got through. */
function runChild(
  { child, seeds, work }: Places,
  tally: Tally,
  { from, to, step }: Range,
): Promise<number | undefined> {
  return new Promise((settle) => {
    const process = fork(child, [seeds, work, String(from), String(to), String(step)], {
      execArgv: [`--max-old-space-size=${MOST_MB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let label = 'the start';
    let current: number | undefined;
    let ended = false;
    let problem: string | undefined;
    let stderr = '';
    const stop = (): void => {
      problem = `did not end within ${HANG_MS} ms`;
      process.kill('SIGKILL');
    };
    let timer = setTimeout(stop, START_MS);
    process.stderr?.on('data', (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-2000);
    });
    process.on('message', (report: Report) => {
      switch (report.kind) {
        case 'start':
          clearTimeout(timer);
          timer = setTimeout(stop, HANG_MS);
          current = report.number;
          label = `case ${report.number} (${report.mutation})`;
          break;
        case 'done':
          tally.done(report.number, report.outcome, report.ms);
          if (report.ms > CASE_MS) tally.failures.push(`${label}: took ${report.ms.toFixed(0)} ms`);
          break;
        case 'failed':
          tally.failed(label, report.message);
          break;
        case 'end':
          ended = true;
          tally.peakMb = Math.max(tally.peakMb, report.peakMb);
          if (report.peakMb > MOST_MB) {
            tally.failures.push(`a child used ${report.peakMb.toFixed(0)} MB`);
          }
      }
    });
    process.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (ended) settle(undefined);
      else {
        const end = problem ?? `ended its process (${signal ?? code}): ${stderr.slice(0, 600)}`;
        tally.failed(label, end);
        settle(current ?? to);
      }
    });
  });
}
