/**
 * The page's end of the layout worker. The policy lets workers start from blobs only, so the script is
 * fetched and wrapped. The newest request wins: older ones resolve to null.
 */
import type { LayoutAnswer, LayoutRequest } from './layout/messages.ts';
import type { LayoutMemory } from './layoutMemory.ts';
import type { KeyedLayout, NextKeys } from './layout/relayout.ts';
import type { LayoutInput, LayoutResult } from './layout/types.ts';

/** When a page that came back starts the worker for what comes next. */
const WARM_UP_MS = 1000;

export class LayoutClient {
  private generation = 0;
  private started: Promise<Worker> | undefined;
  private readonly open = new Map<number, Settle>();

  /** @param memory where the host keeps layouts for pages that come back */
  constructor(
    private readonly scriptUrl: string,
    private readonly memory?: LayoutMemory,
  ) {
    // Early, beside the page's own start; a page that comes back hardly needs it, and has better use for the time.
    if (memory?.empty ?? true) void this.worker();
    else setTimeout(() => void this.worker(), WARM_UP_MS);
  }

  private worker(): Promise<Worker> {
    this.started ??= this.start();
    return this.started;
  }

  private start(): Promise<Worker> {
    const started = start(this.scriptUrl);
    started.then(
      (worker) => {
        worker.onmessage = (event: MessageEvent<LayoutAnswer>) => this.receive(event.data);
        worker.onerror = (event) => this.failAll(new Error(`Layout failed: ${event.message}`));
      },
      (error: unknown) => this.failAll(error),
    );
    return started;
  }

  /** Coordinates for `input`; with `previous`, what survives stays in place. Rejects when layout fails. */
  layout(
    input: LayoutInput,
    names: NextKeys,
    previous: KeyedLayout | null,
  ): Promise<LayoutResult | null> {
    const generation = ++this.generation;
    const kept = previous ? null : this.memory?.recall(input);
    if (kept) return Promise.resolve(kept);
    const request: LayoutRequest = previous
      ? { type: 'relayout', generation, previous, input, names }
      : { type: 'layout', generation, input };
    return new Promise((resolve, reject) => {
      this.open.set(generation, { input, resolve, reject });
      this.worker().then(
        (worker) => worker.postMessage(request),
        (error: unknown) => reject(error as Error),
      );
    });
  }

  cancel(): void {
    const { generation } = this;
    void this.worker().then((worker) => worker.postMessage({ type: 'cancel', generation }));
  }

  private receive(answer: LayoutAnswer): void {
    const settle = this.open.get(answer.generation);
    this.open.delete(answer.generation);
    if (!settle) return;
    if (answer.type === 'done') {
      const newest = answer.generation === this.generation;
      if (newest) this.memory?.keep(settle.input, answer.result);
      settle.resolve(newest ? answer.result : null);
    } else if (answer.type === 'cancelled') settle.resolve(null);
    else settle.reject(new Error(answer.message));
  }

  private failAll(error: unknown): void {
    for (const { reject } of this.open.values()) reject(error as Error);
    this.open.clear();
  }
}

interface Settle {
  readonly input: LayoutInput;
  readonly resolve: (result: LayoutResult | null) => void;
  readonly reject: (error: Error) => void;
}

async function start(scriptUrl: string): Promise<Worker> {
  const response = await fetch(scriptUrl);
  if (!response.ok) throw new Error(`The layout worker's script: HTTP ${response.status}`);
  const blob = new Blob([await response.text()], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
