/**
 * The runs of one document: what is running, what was measured, whose times are on the graph. A run belongs to
 * the plan that it ran; its times are shown on every block of the present plan with the same operators.
 */
import type {
  ChosenTarget,
  ComparedSummary,
  DocumentState,
  GraphSnapshot,
  PlanSnapshot,
  RunsState,
  RunSummary,
} from '../protocol.ts';
import type { CompareReport, RunReport, RunTarget } from '../run/runProtocol.ts';
import { parseRunTarget } from '../run/runProtocol.ts';
import { placeName } from './placeNames.ts';

/** Runs one plan; rejects when it fails or is cancelled. */
export type RunStarter = (
  onProgress: (stage: string, fraction: number | null) => void,
  signal: AbortSignal,
) => Promise<RunReport>;

interface Entry {
  readonly summary: RunSummary;
  readonly report: RunReport;
  /** Milliseconds by the operators of a block. */
  readonly blockMs: ReadonlyMap<string, number>;
}

type Shown = Pick<DocumentState, 'graph' | 'plan'>;

/** Older runs are forgotten. */
const MOST_RUNS = 50;

export class RunBook {
  private readonly entries: Entry[] = [];
  private running: (RunsState['running'] & object) | null = null;
  private abort: AbortController | undefined;
  private shown: number | null = null;
  private counted = 0;
  private compared: ComparedSummary | null = null;
  private chosen: ChosenTarget = { target: 'wasm', label: placeName('wasm') };

  /** @param changed called whenever `state` would give something else */
  constructor(private readonly changed: () => void) {}

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** One run at a time: throws RangeError while another is going on. */
  async run(document: Shown, start: RunStarter): Promise<RunReport> {
    return this.during(async (onProgress, signal) => {
      const report = await start(onProgress, signal);
      this.add(document, report);
      return report;
    });
  }

  /** Anything else that takes the place of a run. */
  async during<T>(
    start: (
      onProgress: (stage: string, fraction: number | null) => void,
      signal: AbortSignal,
    ) => Promise<T>,
  ): Promise<T> {
    if (this.running) throw new RangeError('The model is running already.');
    const abort = new AbortController();
    this.abort = abort;
    this.progress('Starting', null);
    try {
      return await start((stage, fraction) => this.progress(stage, fraction), abort.signal);
    } finally {
      this.abort = undefined;
      this.running = null;
      this.changed();
    }
  }

  /** Two plans by turns: running like a run, but what comes of it is kept apart. */
  async compare(
    labels: { readonly a: string; readonly b: string },
    start: (
      onProgress: (stage: string, fraction: number | null) => void,
      signal: AbortSignal,
    ) => Promise<CompareReport>,
  ): Promise<CompareReport> {
    return this.during(async (onProgress, signal) => {
      const report = await start(onProgress, signal);
      const target = parseRunTarget(report.target) ?? 'wasm';
      this.compared = { ...labels, place: placeName(target, report.device), report };
      return report;
    });
  }

  /** Where the next run goes. */
  choose(chosen: ChosenTarget): void {
    const { target, label, obstacle } = this.chosen;
    const isSame =
      target === chosen.target && label === chosen.label && obstacle === chosen.obstacle;
    if (isSame) return;
    this.chosen = chosen;
    this.changed();
  }

  get chosenTarget(): RunTarget {
    return this.chosen.target;
  }

  /** Whether the chosen place is known to be out of reach. */
  get isObstructed(): boolean {
    return this.chosen.obstacle !== undefined;
  }

  cancel(): void {
    this.abort?.abort();
  }

  show(id: number | null): void {
    this.shown = this.entries.some(({ summary }) => summary.id === id) ? id : null;
    this.changed();
  }

  state({ graph, plan }: Shown): RunsState {
    const entry = this.entries.find(({ summary }) => summary.id === this.shown);
    return {
      target: this.chosen,
      running: this.running,
      history: this.entries.map(({ summary }) => summary),
      compared: this.compared,
      shown: entry
        ? {
            ...entry.summary,
            blockMs: Float64Array.from(
              membersOfBlocks(graph, plan),
              (members) => entry.blockMs.get(members) ?? Number.NaN,
            ),
            arenaBytes: entry.report.arenaBytes,
            movedBytes: entry.report.movedBytes,
            compileMs: entry.report.compileMs,
          }
        : null,
    };
  }

  private progress(stage: string, fraction: number | null): void {
    this.running = { stage, fraction };
    this.changed();
  }

  private add({ graph, plan }: Shown, report: RunReport): void {
    const { threads, latencyMs, noisy, verify, device } = report;
    const target = parseRunTarget(report.target) ?? 'wasm';
    const medians = new Map(report.blocks.map(({ id, medianMs }) => [id, medianMs]));
    const blockMs = new Map<string, number>();
    membersOfBlocks(graph, plan).forEach((members, block) => {
      const ms = medians.get(plan.blockIds[block]!);
      if (ms !== undefined) blockMs.set(members, ms);
    });
    const id = ++this.counted;
    const summary: RunSummary = {
      id,
      target,
      place: placeName(target, device),
      threads,
      at: Date.now(),
      planner: plan.planner,
      rewriting: graph.rewrites.settings.enabled,
      edited: plan.overrides.length > 0,
      blocks: plan.blockIds.length,
      latencyMs,
      noisy,
      device: device ?? null,
      verify,
    };
    this.entries.unshift({ summary, report, blockMs });
    this.entries.splice(MOST_RUNS);
    this.shown = id;
  }
}

/** A text per block that names its operators. */
function membersOfBlocks(graph: GraphSnapshot, plan: PlanSnapshot): readonly string[] {
  const members = plan.blockIds.map((): string[] => []);
  plan.blockOf.forEach((block, operator) => members[block]?.push(graph.ids[operator]!));
  return members.map((ids) => JSON.stringify(ids.sort()));
}
