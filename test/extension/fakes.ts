/**
 * What a document needs around it, without VS Code: files in memory and a worker whose graph is a chain of
 * operators. Its planner puts two neighbours in one block where the last override about them says so; pairs
 * with a Softmax are refused.
 */
import type { PlanEdits } from '../../compiler/fusion/plan.ts';
import { NO_EDITS } from '../../compiler/fusion/plan.ts';
import { ModelError } from '../../compiler/diagnostics.ts';
import type {
  GraphSnapshot,
  OpenResult,
  PlanSnapshot,
  ReplanResult,
  WorkerRequests,
} from '../../compiler/protocol.ts';
import { PlanDocument } from '../../extension/document/planDocument.ts';
import type { PlanEdit, WorkerPort } from '../../extension/document/ports.ts';
import type { PlanFile } from '../../extension/document/planFile.ts';
import { PlanStore } from '../../extension/document/planStore.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class MemoryFiles {
  readonly content = new Map<string, string>();
  /** Names whose writing is refused. */
  readonly refused = new Set<string>();

  file(name: string): PlanFile {
    return {
      read: async () => {
        const text = this.content.get(name);
        return text === undefined ? undefined : encoder.encode(text);
      },
      write: async (bytes) => {
        if (this.refused.has(name)) throw Object.assign(new Error('no'), { code: 'EACCES' });
        this.content.set(name, decoder.decode(bytes));
      },
      setAside: async () => {
        this.content.set(`${name}.bak`, this.content.get(name) ?? '');
        this.content.delete(name);
        return `${name}.bak`;
      },
    };
  }
}

export class FakeWorker implements WorkerPort {
  readonly requests: string[] = [];
  /** Fails the next request with this. */
  failure: Error | undefined;
  private edits: PlanEdits = NO_EDITS;

  /** @param model 'x=Conv y=Relu …', a chain */
  constructor(public model: string) {}

  async request<Name extends keyof WorkerRequests>(
    name: Name,
    params: WorkerRequests[Name][0],
  ): Promise<WorkerRequests[Name][1]> {
    this.requests.push(name);
    const failure = this.failure;
    this.failure = undefined;
    if (failure) throw failure;
    return this.answer(name, params) as WorkerRequests[Name][1];
  }

  private answer(name: keyof WorkerRequests, params: object): unknown {
    switch (name) {
      case 'document/open':
        return this.open((params as { edits: PlanEdits }).edits);
      case 'document/replan':
        return this.replan((params as { edits: PlanEdits }).edits);
      case 'document/explain':
        return `plan of ${this.edits.overrides.length} overrides`;
      case 'document/close':
      case 'document/details':
      case 'document/whatIf':
      case 'document/weightStatistics':
      case 'document/kernel':
      case 'document/externalFiles':
      case 'document/devicePlan':
      case 'document/export':
      case 'document/planners':
      case 'document/rewrite':
      case 'document/variant':
        return null;
    }
  }

  private open(edits: PlanEdits): OpenResult {
    if (this.model === 'broken') throw new ModelError('model/truncated', 'The file ends early.');
    const { plan, diagnostics } = this.replan(edits);
    const timings = { importMs: 1, inferMs: 1, planMs: 1 };
    return { graph: this.graph(), plan, diagnostics, structureHash: this.model, timings };
  }

  private graph(): GraphSnapshot {
    const operators = this.model.split(' ').map((one) => one.split('='));
    const types = operators.map(([, type]) => type ?? '');
    const operatorTypes = [...new Set(types)];
    const edges = operators.slice(1).flatMap((_, at) => [at, at + 1]);
    const { batch } = this.edits.bindings;
    return {
      ids: operators.map(([id]) => id ?? ''),
      operatorTypes,
      typeOf: Uint16Array.from(types, (type) => operatorTypes.indexOf(type)),
      edges: Int32Array.from(edges),
      revision: batch ?? 0,
      modelName: 'model.onnx',
    } as Partial<GraphSnapshot> as GraphSnapshot;
  }

  private replan(edits: PlanEdits): ReplanResult {
    const rebound = edits.bindings['batch'] !== this.edits.bindings['batch'];
    this.edits = edits;
    const graph = this.graph();
    const fused = graph.ids.map(() => false);
    const outcomes = edits.overrides.map((override) => {
      if (override.kind !== 'fuse' && override.kind !== 'cut') {
        return { override, status: 'applied' as const };
      }
      const a = graph.ids.indexOf(override.a);
      const b = graph.ids.indexOf(override.b);
      if (a < 0 || b < 0) return { override, status: 'unmatched' as const };
      if (graph.operatorTypes[graph.typeOf[b] ?? 0] === 'Softmax') {
        return { override, status: 'refused' as const, message: 'no kernel for this pair' };
      }
      fused[b] = override.kind === 'fuse';
      return { override, status: 'applied' as const };
    });
    let block = -1;
    const blockOf = Int32Array.from(graph.ids, (_, at) => (fused[at] ? block : ++block));
    const plan = { planner: edits.planner, blockOf, overrides: outcomes };
    const diagnostics = outcomes
      .filter(({ status }) => status === 'unmatched')
      .map(() => ({ code: 'plan/override-unmatched', severity: 'warning', message: '' }) as const);
    return {
      ...(rebound ? { graph } : {}),
      plan: plan as Partial<PlanSnapshot> as PlanSnapshot,
      diagnostics,
      planMs: 1,
    };
  }
}

/** One open model on files in memory, with VS Code's undo stack played by `history`. */
export class Desk {
  readonly files = new MemoryFiles();
  readonly worker: FakeWorker;
  readonly store: PlanStore;
  readonly document: PlanDocument;
  readonly history: PlanEdit[] = [];
  readonly events: string[] = [];
  readOnly: string | null = null;
  canWrite = true;
  stamp = 'first';

  constructor(model = 'c=Conv r=Relu t=Tanh s=Softmax', readOnly: string | null = null) {
    this.worker = new FakeWorker(model);
    this.store = new PlanStore({
      beside: this.files.file('model.onnx.fusion.json'),
      storage: this.files.file('storage'),
      isRefusal: (error) => (error as { code?: string }).code === 'EACCES',
      canWriteBeside: async () => this.canWrite,
    });
    this.document = new PlanDocument({
      doc: 'd',
      model: {
        locate: async () => ({ kind: 'file', path: 'model.onnx' }),
        stamp: async () => this.stamp,
      },
      store: this.store,
      worker: this.worker,
      defaults: () => NO_EDITS,
      readOnly,
    });
    this.document.onDidEdit((edit) => this.history.push(edit));
    this.document.onDidChange(({ graph }) => this.events.push(graph ? 'graph' : 'plan'));
    this.document.onConflict((conflict) => this.events.push(`conflict ${conflict}`));
  }

  get saved(): string | undefined {
    return this.files.content.get('model.onnx.fusion.json');
  }

  set saved(text: string | undefined) {
    if (text === undefined) this.files.content.delete('model.onnx.fusion.json');
    else this.files.content.set('model.onnx.fusion.json', text);
  }

  /** '[c r] [t] [s]' */
  get blocks(): string {
    const { state } = this.document;
    if (!state) return 'nothing';
    const blocks: string[][] = [];
    state.plan.blockOf.forEach((block, at) => (blocks[block] ??= []).push(state.graph.ids[at]!));
    return blocks.map((ids) => `[${ids.join(' ')}]`).join(' ');
  }

  fuse(a: number, b: number) {
    return this.document.edit({ kind: 'fuse', a, b });
  }
}
