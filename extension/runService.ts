/**
 * Runs models on this computer or a phone: settings in, a process per run, progress with Cancel. The page, the tree and the
 * status bar show what the document's `RunBook` holds.
 */
import * as vscode from 'vscode';
import { RequestCancelled } from '../compiler/client/cancellation.ts';
import { bindOpenSizes } from '../compiler/fusion/openSizes.ts';
import {
  compareInProcess,
  measureInProcess,
  RunFailed,
  runInProcess,
} from '../compiler/client/runProcess.ts';
import type { RunProcessOptions } from '../compiler/client/runProcess.ts';
import type { DocumentState, EditResult, Variant } from '../compiler/protocol.ts';
import { defaultProfilePath } from '../compiler/profile/profileDisk.ts';
import { editsOfVariant, VARIANTS } from '../compiler/session/variants.ts';
import type { RunRequest } from '../compiler/run/runMessages.ts';
import { REFERENCES } from '../compiler/run/runProtocol.ts';
import type { RunReport } from '../compiler/run/runProtocol.ts';
import type { Log } from './log.ts';
import type { ModelDocument } from './modelDocument.ts';
import type { OpenModels } from './openModels.ts';
import { PLANNER_NOTES } from './plannerNotes.ts';
import { readSettings, untrustedFolders } from './settings.ts';

export class RunService {
  /** What was said of open sizes, by model: once is enough. */
  private readonly assumed = new WeakMap<ModelDocument, string>();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly storageUri: vscode.Uri,
    private readonly models: OpenModels,
    private readonly log: Log,
  ) {}

  /** Starts a run; what becomes of it is told by messages and `document.runs`. */
  start(document: ModelDocument, verify: boolean): EditResult {
    const { state } = document.plan;
    const refusal = refusalOf(document);
    if (refusal || !state) return { ok: false, message: refusal ?? '' };
    void this.run(document, state, verify).catch((error: unknown) =>
      this.tellFailure(document, error),
    );
    return { ok: true };
  }

  /** Every planner, with rewriting and without, one after the other; the history holds what was measured. */
  measurePlanners(document: ModelDocument): EditResult {
    const { state } = document.plan;
    const refusal = refusalOf(document);
    if (refusal || !state) return { ok: false, message: refusal ?? '' };
    const measure = async (): Promise<void> => {
      for (const variant of VARIANTS) {
        const shown = await document.plan.request('document/variant', { variant });
        await this.run(document, { ...shown, edits: editsOfVariant(state.edits, variant) }, false);
      }
    };
    void measure().catch((error: unknown) => this.tellFailure(document, error));
    return { ok: true };
  }

  /** The plan on screen against another one, by turns in one program. */
  async comparePlans(document: ModelDocument): Promise<void> {
    const { state } = document.plan;
    const refusal = refusalOf(document);
    if (refusal || !state) return void vscode.window.showWarningMessage(refusal ?? '');
    const other = await pickVariant(state);
    this.models.giveKeyboardBack();
    if (!other) return;
    const labels = { a: variantLabel(other), b: `this plan (${state.plan.planner})` };
    const { edits: b } = bindOpenSizes(state.edits, state.graph.symbols);
    const a = editsOfVariant(b, other);
    await this.inTime(document, `comparing plans of ${document.name}`, async (report, signal) => {
      const { edits: _, verify: __, ...request } = await this.requestFor(document, state, false);
      const result = await document.runs.compare(labels, (onProgress, inner) =>
        compareInProcess(
          { ...request, kind: 'compare', a, b, runs: Math.max(COMPARED_PAIRS, request.runs) },
          this.processOptions(report, onProgress, AbortSignal.any([signal, inner])),
        ),
      );
      const { median, low, high } = result.ratio;
      const percent = (share: number): string => (100 * share).toFixed(1);
      const said =
        result.verdict === 'no-difference'
          ? `no difference between “${labels.a}” and ${labels.b}`
          : `${labels.b} takes ${percent(median)} % of the time of “${labels.a}”`;
      const interval = `95 %: ${percent(low)} to ${percent(high)} %`;
      void vscode.window.showInformationMessage(`${document.name}: ${said} (${interval}).`);
    });
  }

  /** Measures what yellow cells ask for on the chosen place, then plans with these times. */
  async planForDevice(document: ModelDocument): Promise<void> {
    const { state } = document.plan;
    const refusal = refusalOf(document);
    if (refusal || !state) return void vscode.window.showWarningMessage(refusal ?? '');
    await this.inTime(document, `measuring ${document.name}`, async (report, signal) => {
      const { verify: _, ...request } = await this.requestFor(document, state, false);
      const { device, unanswered } = await document.runs.during((onProgress, inner) =>
        measureInProcess(
          { ...request, kind: 'measure' },
          this.processOptions(report, onProgress, AbortSignal.any([signal, inner])),
        ),
      );
      const plan = await document.plan.request('document/devicePlan', { device });
      for (const reason of plan.reasons) this.log.info(`plan for ${device}: ${reason}`);
      const result = await document.plan.edit({ kind: 'device', device });
      if (!result.ok) throw new Error(result.message);
      const changes =
        plan.changed === 0
          ? 'they change nothing'
          : `${plan.changed} blocks change because of them: ${plan.reasons[0] ?? ''}`;
      const open = unanswered > 0 ? ` ${unanswered} could not be measured.` : '';
      const chosen = await vscode.window.showInformationMessage(
        `${plan.measured} yellow edges are decided by measured times; ${changes}.${open}`,
        'Show Reasons',
      );
      if (chosen) this.log.show();
    });
  }

  /** With progress and Cancel; what goes wrong is told. */
  private async inTime(
    document: ModelDocument,
    what: string,
    work: (
      report: (stage: string, fraction: number | null) => void,
      signal: AbortSignal,
    ) => Promise<void>,
  ): Promise<void> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Fusion Studio: ${what}`,
      cancellable: true,
    };
    try {
      await vscode.window.withProgress(options, async (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort());
        await work((stage) => progress.report({ message: stage }), abort.signal);
      });
    } catch (error) {
      await this.tellFailure(document, error);
    }
  }

  private processOptions(
    report: (stage: string, fraction: number | null) => void,
    onProgress: (stage: string, fraction: number | null) => void,
    signal: AbortSignal,
  ): RunProcessOptions {
    return {
      script: vscode.Uri.joinPath(this.extensionUri, 'dist', 'runWorker.cjs').fsPath,
      heapMb: readSettings().compilerHeapMb,
      onProgress: (stage, fraction) => {
        report(stage, fraction);
        onProgress(stage, fraction);
      },
      log: (text) => this.log.info(text),
      signal,
    };
  }

  /** Rejects when the run fails or is cancelled. */
  private async run(
    document: ModelDocument,
    planned: Pick<DocumentState, 'graph' | 'plan' | 'edits'>,
    verify: boolean,
  ): Promise<void> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Fusion Studio: running ${document.name}`,
      cancellable: true,
    };
    const report = await vscode.window.withProgress(options, async (progress, token) => {
      token.onCancellationRequested(() => document.runs.cancel());
      let done = 0;
      return document.runs.run(planned, async (onProgress, signal) => {
        const request = await this.requestFor(document, planned, verify);
        return runInProcess(request, {
          script: vscode.Uri.joinPath(this.extensionUri, 'dist', 'runWorker.cjs').fsPath,
          heapMb: readSettings().compilerHeapMb,
          onProgress: (stage, fraction) => {
            const increment = Math.max(0, 100 * (fraction ?? 0) - done);
            done += increment;
            progress.report({ message: stage, increment });
            onProgress(stage, fraction);
          },
          log: (text) => this.log.info(text),
          signal,
        });
      });
    });
    this.log.info(
      `ran ${document.name} on ${report.target}: median ${report.latencyMs.median.toFixed(3)} ms`,
    );
    if (verify) tellVerified(report);
  }

  private async requestFor(
    document: ModelDocument,
    planned: Pick<DocumentState, 'graph' | 'edits'>,
    verify: boolean,
  ): Promise<RunRequest> {
    const { run, device } = readSettings();
    const { edits, assumed } = bindOpenSizes(planned.edits, planned.graph.symbols);
    if (assumed !== '' && this.assumed.get(document) !== assumed) tellAssumed(assumed);
    this.assumed.set(document, assumed);
    return {
      location: await document.locate(),
      edits,
      target: run.target,
      threads: run.threads,
      warmup: run.warmup,
      runs: run.repetitions,
      verify,
      untrusted: untrustedFolders(),
      // The compiler reads the same file when it plans for a device.
      profiles: defaultProfilePath(),
      cacheFolder: vscode.Uri.joinPath(this.storageUri, 'kernels').fsPath,
      device: given(device),
      ...(run.compiler === '' ? {} : { compiler: run.compiler }),
      ...(run.onnxRuntime === '' ? {} : { onnxRuntime: run.onnxRuntime }),
    };
  }

  private async tellFailure(document: ModelDocument, error: unknown): Promise<void> {
    if (error instanceof RequestCancelled) return;
    const text = error instanceof Error ? error.message : String(error);
    this.log.error(`${document.name} does not run: ${text}`);
    const operator = error instanceof RunFailed ? error.operators[0] : undefined;
    const actions = [
      ...(document.runs.isObstructed ? [CHOOSE] : []),
      ...(operator === undefined ? [] : ['Show the Operator']),
      'Show Log',
    ];
    const chosen = await vscode.window.showErrorMessage(text, ...actions);
    if (chosen === CHOOSE) await vscode.commands.executeCommand('fusionStudio.chooseTarget');
    if (chosen === 'Show Log') this.log.show();
    if (chosen === 'Show the Operator' && operator !== undefined) {
      this.models.panelsOf(document)[0]?.select({ kind: 'operator', id: operator });
    }
  }
}

const CHOOSE = 'Choose Where to Run';

/** Pairs of a comparison at least: fewer make wide intervals. */
const COMPARED_PAIRS = 30;

async function pickVariant({ plan }: DocumentState): Promise<Variant | undefined> {
  const items = VARIANTS.map((variant) => ({
    label: variantLabel(variant),
    description:
      variant.planner === plan.planner && plan.overrides.length > 0 ? 'without your overrides' : '',
    detail: PLANNER_NOTES[variant.planner],
    variant,
  }));
  const placeHolder = 'Plan to run by turns with the one on screen';
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.variant;
}

function variantLabel({ planner, rewriting }: Variant): string {
  return `${planner}${rewriting ? '' : ', not rewritten'}`;
}

/** Why it cannot run now. */
function refusalOf(document: ModelDocument): string | undefined {
  if (!vscode.workspace.isTrusted) return 'Running code needs a trusted workspace.';
  if (!document.plan.state) return 'The model is not open yet.';
  return document.runs.isRunning ? 'The model is running already.' : undefined;
}

/** Settings that say something. */
function given<T extends object>(settings: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, text]) => text !== ''),
  ) as Partial<T>;
}

function tellAssumed(assumed: string): void {
  const text = `Sizes that the model leaves open are taken as ${assumed}.`;
  void vscode.window.showInformationMessage(text, 'Set Sizes…').then((chosen) => {
    if (chosen) void vscode.commands.executeCommand('fusionStudio.bindDimensions');
  });
}

function tellVerified({ verify }: RunReport): void {
  if (!verify) return;
  const reference = REFERENCES[verify.reference];
  const worst = verify.outputs.reduce((most, { largestError }) => Math.max(most, largestError), 0);
  const count =
    verify.outputs.length === 1
      ? 'The output agrees'
      : `All ${verify.outputs.length} outputs agree`;
  if (verify.passed) {
    void vscode.window.showInformationMessage(
      `${count} with ${reference}; the largest error is ${worst.toPrecision(3)}.`,
    );
    return;
  }
  const bad = verify.outputs.filter(({ worstOfTolerance }) => !(worstOfTolerance <= 1)).length;
  void vscode.window.showErrorMessage(
    `${bad} of ${verify.outputs.length} outputs differ from ${reference} by more than the tolerance (largest error ${worst.toPrecision(3)}). Cut blocks to find the operator, and report it.`,
  );
}
