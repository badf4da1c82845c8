/**
 * Remembers the last layout while an editor is hidden: VS Code throws the page away and keeps only its small
 * state. A page that comes back with the same boxes and edges gets the same picture at once, also where edits
 * had kept it steady, and needs no worker for it.
 */
import type { LayoutInput, LayoutResult } from './layout/types.ts';
import type { PageMemory } from './pageMemory.ts';
import { decodeMessage, encodeMessage } from './transport/codec.ts';

interface Remembered {
  readonly key: string;
  readonly layout: string;
}

/** Pause before a layout is written: clicks that follow each other write once. */
const REST_MS = 300;

export class LayoutMemory {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly memory: PageMemory) {}

  /** Whether no layout was ever kept. */
  get empty(): boolean {
    return !isRemembered(this.memory.read());
  }

  /** The layout kept for exactly this input, or null. */
  recall(input: LayoutInput): LayoutResult | null {
    const kept = this.memory.read();
    if (!isRemembered(kept) || kept.key !== keyOf(input)) return null;
    try {
      const result = decodeMessage(kept.layout) as LayoutResult;
      return result.x.length === input.nodeCount ? result : null;
    } catch {
      return null;
    }
  }

  keep(input: LayoutInput, result: LayoutResult): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const remembered: Remembered = { key: keyOf(input), layout: encodeMessage(result) };
      this.memory.write(remembered);
    }, REST_MS);
  }
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { key, layout } = value as Partial<Record<string, unknown>>;
  return typeof key === 'string' && typeof layout === 'string';
}

/** Two 32-bit hashes over everything that decides the picture; what only keeps it steady stays out. */
function keyOf(input: LayoutInput): string {
  const { nodeCount, groupCount, groupHeader, groupPadding, width, height, edges, group } = input;
  let a = 2166136261;
  let b = 5381;
  const add = (value: number): void => {
    a = Math.imul(a ^ value, 16777619);
    b = (Math.imul(b, 33) + value) | 0;
  };
  for (const value of [nodeCount, groupCount, groupHeader, groupPadding]) add(value);
  for (const array of [width, height]) for (const size of array) add(Math.round(size * 8));
  for (const array of [edges, group]) for (const value of array) add(value);
  return `${nodeCount}/${edges.length}/${a >>> 0}/${b >>> 0}`;
}
