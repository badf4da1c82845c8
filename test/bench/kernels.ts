// Whole models: ours unfused and fused against ONNX Runtime, native and WebAssembly, alternating in one run.
//   npm run bench:kernels -- [--models a,b] [--targets native,wasm] [--threads 1,2] [--rounds 3] [--budget 1500]
//     [--planners none,dnnfusion,extended]
// Unfused is the model as it is in its file; planners plan the rewritten one, also `none`. Medians of all repetitions of
// all rounds, milliseconds. Ratios above 1 mean that ours is faster: those of the last planner. `predicted` is what the
// bytes that it saves would take at the measured bandwidth of a copy; `at most` what fusion would gain if everything but
// matrix products and convolutions, which all plans run, took no time at all.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { PlannerName } from '../../compiler/fusion/plan.ts';
import { NO_EDITS, PLANNERS } from '../../compiler/fusion/plan.ts';
import { NO_REWRITES } from '../../compiler/rewrite/rewrite.ts';
import type { ModelRun } from '../../compiler/run/runModel.ts';
import { runModel } from '../../compiler/run/runModel.ts';
import { bundle } from '../setup/bundle.ts';
import { materialised, MODELS } from '../runs/materialised.ts';
import type { ModelName } from '../runs/materialised.ts';
import { Peer } from './peer/peer.ts';
import { geometricMean, median } from './report/statistics.ts';

type OwnTarget = 'native' | 'wasm';

const root = resolve(import.meta.dirname, '../..');
const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: MODELS.join(',') },
    targets: { type: 'string', default: 'native,wasm' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    budget: { type: 'string', default: '1500' },
    planners: { type: 'string', default: 'none,dnnfusion,extended' },
  },
});
const models = MODELS.filter((name) => flags.models.split(',').includes(name));
const targets = flags.targets.split(',') as OwnTarget[];
const planners = PLANNERS.filter((name) => flags.planners.split(',').includes(name));
const rounds = Number(flags.rounds);
const budgetMs = Number(flags.budget);
const MOST = 200;

/** Copies 64 MB: bytes read and written per millisecond, one core. */
function bandwidth(): number {
  const [from, to] = [Buffer.alloc(64 << 20, 1), Buffer.alloc(64 << 20)];
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    from.copy(to);
    return performance.now() - start;
  });
  return (2 * from.length) / median(times);
}

const script = join(root, 'dist/bench/runWorker.cjs');
await bundle(join(root, 'compiler/runWorker.ts'), script);

/** A planner's plan of the rewritten model, or every operator of the file by itself. */
type Variant = PlannerName | 'unfused';

const own = (
  model: ModelName,
  target: OwnTarget,
  variant: Variant,
  threads: number,
): Promise<ModelRun> =>
  runModel({
    location: { kind: 'file', path: materialised(model) },
    edits:
      variant === 'unfused'
        ? { ...NO_EDITS, planner: 'none', rewrite: NO_REWRITES }
        : { ...NO_EDITS, planner: variant },
    target,
    threads,
    warmup: 2,
    runs: MOST,
    budgetMs,
    verify: false,
    script,
  });

interface Row {
  readonly model: string;
  readonly unfused: number;
  readonly planned: ReadonlyMap<PlannerName, number>;
  /** Of the last planner. */
  readonly fused: number;
  readonly peer: number;
  readonly peerUnoptimised: number;
  readonly predictedMs: number;
  readonly mine: ModelRun['report'];
  readonly unfusedMovedBytes: number;
  /** Part of the unfused time that operators take which every plan runs: fusion cannot gain more than the rest. */
  readonly products: number;
  readonly peerPeakBytes: number;
}

const PRODUCTS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Of the time of all blocks, the part of those that hold a matrix product or a convolution. */
function productShare({ plan, prepared, report }: ModelRun): number {
  const { nodes } = prepared.ecg;
  const heavy = new Set(
    plan.blocks
      .filter(({ operators }) => operators.some((o) => PRODUCTS.has(nodes[o]!.operator.type)))
      .map(({ id }) => id),
  );
  const time = (blocks: ModelRun['report']['blocks']): number =>
    blocks.reduce((sum, { medianMs }) => sum + medianMs, 0);
  return time(report.blocks.filter(({ id }) => heavy.has(id))) / time(report.blocks);
}

async function measure(model: ModelName, target: OwnTarget, threads: number): Promise<Row> {
  const engine = target === 'wasm' ? 'onnxruntime-web' : 'onnxruntime-node';
  const variants: readonly Variant[] = ['unfused', ...planners];
  const times = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
  const peerTimes: number[] = [];
  let last: ModelRun | undefined;
  let unfusedMovedBytes = 0;
  let products = 1;
  let peerPeakBytes = 0;
  let peer: Peer | undefined;
  const plain: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      last = await own(model, target, variant, threads);
      if (variant === 'unfused') {
        unfusedMovedBytes = last.report.movedBytes;
        products = productShare(last);
      }
      times.get(variant)!.push(...last.run.results.total.map((ns) => ns / 1e6));
    }
    const { graph } = last!.prepared.imported.model;
    const inputs = graph.inputs.map((value, i) => ({
      ...last!.inputs[i]!,
      name: graph.values[value]!.name,
    }));
    peer ??= await Peer.open(engine, materialised(model), threads, inputs);
    if (round === 0) await peer.repeat(MOST, budgetMs);
    const answer = await peer.repeat(MOST, budgetMs);
    peerTimes.push(...answer.times);
    peerPeakBytes = answer.peakBytes;
    if (round === 0) {
      const unoptimised = await Peer.open(engine, materialised(model), threads, inputs, false);
      await unoptimised.repeat(MOST, budgetMs);
      plain.push(...(await unoptimised.repeat(MOST, budgetMs)).times);
      unoptimised.close();
    }
  }
  peer?.close();
  const { report } = last!;
  return {
    model,
    unfused: median(times.get('unfused')!),
    planned: new Map(planners.map((planner) => [planner, median(times.get(planner)!)])),
    fused: median(times.get(variants[variants.length - 1]!)!),
    peer: median(peerTimes),
    peerUnoptimised: median(plain),
    predictedMs: (unfusedMovedBytes - report.movedBytes) / bytesPerMs / threads,
    mine: report,
    unfusedMovedBytes,
    products,
    peerPeakBytes,
  };
}

const bytesPerMs = bandwidth();
console.log(`Copying moves ${(bytesPerMs / 1e6).toFixed(1)} GB/s (read + written).`);
for (const target of targets) {
  for (const threads of flags.threads.split(',').map(Number)) {
    console.log(`\n${target}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`);
    const rows: Row[] = [];
    for (const model of models) {
      try {
        const row = await measure(model, target, threads);
        rows.push(row);
        const { unfused, fused, peer, peerUnoptimised, predictedMs, mine } = row;
        console.log(
          [
            model.padEnd(16),
            `unfused ${unfused.toFixed(1)}`,
            ...[...row.planned].map(([planner, ms]) => `${planner} ${ms.toFixed(1)}`),
            `${target === 'wasm' ? 'ort-web' : 'ort'} ${peer.toFixed(1)}`,
            `ort unoptimised ${peerUnoptimised.toFixed(1)}`,
            `| against unfused ${(unfused / fused).toFixed(2)}x`,
            `at most ${(1 / row.products).toFixed(2)}x`,
            `against ort ${(peer / fused).toFixed(2)}x`,
            `| saved ${(unfused - fused).toFixed(1)}, predicted ${predictedMs.toFixed(1)}`,
            `| moved ${megabytes(row.unfusedMovedBytes)} -> ${megabytes(mine.movedBytes)}`,
            `arena ${megabytes(mine.arenaBytes)}`,
            `process ${megabytes(mine.peakProcessBytes ?? 0)}, ort's ${megabytes(row.peerPeakBytes)}`,
          ].join('  '),
        );
      } catch (error) {
        console.log(
          `${model.padEnd(16)} failed: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
    if (rows.length === 0) continue;
    const most = geometricMean(rows.map(({ products }) => 1 / products)).toFixed(2);
    console.log(`products alone: unfused is ${most}x of them (geometric mean)`);
    for (const planner of planners) {
      const ratio = (of: (row: Row) => number): string =>
        geometricMean(rows.map((row) => of(row) / row.planned.get(planner)!)).toFixed(2);
      console.log(
        `geometric mean: ${planner} ${ratio(({ unfused }) => unfused)}x of unfused, ` +
          `${ratio(({ peer }) => peer)}x of the peer`,
      );
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
