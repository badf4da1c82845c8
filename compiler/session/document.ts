/**
 * One open model inside the worker: what was imported, analysed per dim bindings, and the plan of the
 * edits asked for last. The host owns the edits; a document is rebuilt from (location, edits) at any time.
 */
import { analysePass, bindingsOf, importPass, planPass } from '../compile.ts';
import type { Analysed, Checkpoint, Imported } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { ModelError } from '../diagnostics.ts';
import { ExportError } from '../export/exportError.ts';
import { saveModel } from '../export/saveModel.ts';
import { explainVerdict } from '../fusion/explain.ts';
import type { FusionPlan, PlanEdits } from '../fusion/plan.ts';
import { summarisePlan } from '../fusion/summary.ts';
import { whatIf } from '../fusion/whatIf.ts';
import type { ModelSource } from '../onnx/source.ts';
import type {
  Details,
  DevicePlanSummary,
  ExportedModel,
  GraphSnapshot,
  KernelText,
  OpenResult,
  PlannerRow,
  PlanSnapshot,
  ReplanResult,
  RewriteSketches,
  Variant,
  VariantResult,
  WeightStatistics,
  WhatIf,
} from '../protocol.ts';
import { planForDevice } from '../profile/planForDevice.ts';
import { openProfiles } from '../profile/profileDisk.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';
import type { TargetName } from '../target/target.ts';
import { blockDetails, operatorDetails } from './details.ts';
import { externalFiles } from './externalFiles.ts';
import { graphSnapshot } from './graphSnapshot.ts';
import { kernelText, kernelTexts } from './kernelText.ts';
import { overrideDiagnostics } from './overrideDiagnostics.ts';
import { planSnapshot } from './planSnapshot.ts';
import { structureHash } from './structureHash.ts';
import { editsOfVariant, VARIANTS } from './variants.ts';
import { weightStatistics } from './weightStatistics.ts';

export class ModelDocument {
  private revision = 1;
  /** Of the variant asked for last: the next one is often the same graph. */
  private compared: Analysed | undefined;

  private constructor(
    private readonly imported: Imported,
    private analysed: Analysed,
    private edits: PlanEdits,
    private plan: FusionPlan,
  ) {}

  /** @throws ModelError when the file is no model; whatever `checkpoint` throws cancels. */
  static async open(
    source: ModelSource,
    edits: PlanEdits,
    checkpoint: Checkpoint,
  ): Promise<{ document: ModelDocument; result: OpenResult }> {
    const imported = await importPass(source, checkpoint);
    const analysed = await analyseFor(imported, edits, checkpoint);
    const { plan, planMs } = await planPass(analysed, edits, checkpoint);
    const document = new ModelDocument(imported, analysed, edits, plan);
    const { importMs } = imported;
    const { inferMs } = analysed;
    return {
      document,
      result: {
        graph: document.graphSnapshot(),
        plan: document.planSnapshot(undefined),
        diagnostics: document.diagnostics(),
        structureHash: structureHash(analysed.ecg),
        timings: { importMs, inferMs, planMs },
      },
    };
  }

  /** Plans other edits; a change of bindings or of rewriting makes another graph. */
  async replan(
    edits: PlanEdits,
    shown: PlanEdits | undefined,
    checkpoint: Checkpoint,
  ): Promise<ReplanResult> {
    const analysed = await this.analysedFor(edits, checkpoint);
    const rebound = analysed !== this.analysed;
    const { plan, planMs } = await planPass(analysed, edits, checkpoint);
    const comparable = shown !== undefined && !rebound && fits(analysed, shown);
    const previous = comparable ? analysed.planner.plan(shown) : undefined;
    if (rebound) this.revision++;
    Object.assign(this, { analysed, edits, plan, compared: undefined });
    return {
      ...(rebound ? { graph: this.graphSnapshot() } : {}),
      plan: this.planSnapshot(previous),
      diagnostics: this.diagnostics(),
      planMs,
    };
  }

  details(target: { operator: number } | { block: number }): Details | null {
    const { ecg } = this.analysed;
    const found =
      'operator' in target
        ? operatorDetails(ecg, this.plan, target.operator)
        : blockDetails(ecg, this.plan, target.block);
    return found ?? null;
  }

  explain(edge: number): string {
    const { ecg } = this.analysed;
    return ecg.edges[edge] ? explainVerdict(ecg, this.plan, edge) : '';
  }

  whatIf(a: number, b: number): WhatIf {
    return whatIf(this.analysed.ecg, this.plan, this.edits, a, b);
  }

  /** @param index value index of a constant, as `TensorDetails.constant` gives it. */
  weightStatistics(index: number, checkpoint: () => Promise<void>): Promise<WeightStatistics> {
    const value = this.analysed.ecg.graph.values[index];
    if (!value?.constant) {
      return Promise.reject(new ModelError('model/bad-tensor', `Value ${index} is no constant.`));
    }
    return weightStatistics(value.constant, value.known, this.imported.source, checkpoint);
  }

  /** Source of one block's kernel, or of all kernels under other edits. */
  async kernel(
    of: { readonly block: number } | { readonly edits: PlanEdits },
    target: TargetName,
    checkpoint: Checkpoint,
  ): Promise<KernelText> {
    const working = (): Promise<void> => checkpoint('Generating kernels');
    if ('block' in of) {
      const { model } = this.analysed;
      if (!this.plan.blocks[of.block]) {
        throw new ModelError('internal/error', `There is no block ${of.block}.`);
      }
      return kernelText(model, this.plan, of.block, target, working);
    }
    const analysed = await this.analysedFor(of.edits, checkpoint);
    const { plan } = await planPass(analysed, of.edits, checkpoint);
    const { model } = analysed;
    return kernelTexts(model, plan, target, working);
  }

  /** Writes the graph as it is now, rewritten, as a model for other tools. */
  async export(
    original: string,
    path: string,
    checkpoint: () => Promise<void>,
  ): Promise<ExportedModel> {
    const { source } = this.imported;
    try {
      return await saveModel(this.analysed.model, source, original, path, checkpoint);
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      throw new ModelError('internal/error', error.message);
    }
  }

  /** Later plans for a device are made with what the database says now. */
  async devicePlan(device: string, checkpoint: Checkpoint): Promise<DevicePlanSummary> {
    const edits = { ...this.edits, device };
    this.analysed = await analyseFor(this.imported, edits, checkpoint);
    const { ecg, planner } = this.analysed;
    const { flips, changed, measured } = planForDevice(ecg, planner, edits, device);
    return { measured, changed: changed.length, reasons: flips.map(({ sentence }) => sentence) };
  }

  /** Every planner with rewriting and without, under the present bindings. */
  async planners(checkpoint: Checkpoint): Promise<readonly PlannerRow[]> {
    const rows: PlannerRow[] = [];
    for (const variant of VARIANTS) {
      const { analysed, plan } = await this.plannedAs(variant, checkpoint);
      const summary = summarisePlan(analysed.ecg, plan);
      const { operators, blocks, flops, intermediateBytesAfter: bytes } = summary;
      rows.push({ ...variant, operators, blocks, flops, bytes });
    }
    return rows;
  }

  async variant(variant: Variant, checkpoint: Checkpoint): Promise<VariantResult> {
    const { analysed, plan } = await this.plannedAs(variant, checkpoint);
    const summary = summarisePlan(analysed.ecg, plan);
    return {
      graph: this.snapshotOf(analysed),
      plan: planSnapshot(plan, summary, this.revision, undefined),
    };
  }

  private async plannedAs(
    variant: Variant,
    checkpoint: Checkpoint,
  ): Promise<{ readonly analysed: Analysed; readonly plan: FusionPlan }> {
    const edits = editsOfVariant(this.edits, variant);
    const last = this.compared;
    const analysed = last && fits(last, edits) ? last : await this.analysedFor(edits, checkpoint);
    this.compared = analysed;
    const { plan } = await planPass(analysed, edits, checkpoint);
    return { analysed, plan };
  }

  /** An application of a rule, made or declined, as two small graphs. */
  rewrite(id: string): RewriteSketches | null {
    const { applications, declined } = this.analysed.rewriting;
    const found = [...applications, ...declined].find((each) => each.id === id);
    return found ? { before: found.before, after: found.after } : null;
  }

  externalFiles(): readonly string[] {
    return externalFiles(this.imported.source);
  }

  close(): void {
    this.imported.source.close();
  }

  /** The present one where it fits: its planner remembers plans. */
  private async analysedFor(edits: PlanEdits, checkpoint: Checkpoint): Promise<Analysed> {
    if (fits(this.analysed, edits)) return this.analysed;
    return analyseFor(this.imported, edits, checkpoint);
  }

  private graphSnapshot(): GraphSnapshot {
    return this.snapshotOf(this.analysed);
  }

  private snapshotOf(analysed: Analysed): GraphSnapshot {
    const { source, model } = this.imported;
    return graphSnapshot(analysed, source.name, this.revision, model.graph);
  }

  private planSnapshot(previous: FusionPlan | undefined): PlanSnapshot {
    const summary = summarisePlan(this.analysed.ecg, this.plan);
    return planSnapshot(this.plan, summary, this.revision, previous);
  }

  private diagnostics(): Diagnostic[] {
    const { diagnostics } = this.analysed.model;
    return [...diagnostics, ...overrideDiagnostics(this.plan)];
  }
}

/** Measured times are read where edits name a device. */
async function analyseFor(
  imported: Imported,
  edits: PlanEdits,
  checkpoint: Checkpoint,
): Promise<Analysed> {
  const profile = edits.device === undefined ? undefined : await openProfiles();
  return analysePass(imported, bindingsOf(edits), checkpoint, edits.rewrite, profile);
}

function fits({ bindings, settings }: Analysed, edits: PlanEdits): boolean {
  const asked = edits.rewrite ?? DEFAULT_REWRITES;
  const sameRewriting = settings === asked || JSON.stringify(settings) === JSON.stringify(asked);
  return sameRewriting && sameBindings(bindings, bindingsOf(edits));
}

function sameBindings(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([symbol, size]) => b.get(symbol) === size);
}
