/**
 * Remembers the document while an editor is hidden: hundreds of kilobytes need not come again from the host
 * when nothing changed meanwhile. The host names every state of a document with a stamp and decides.
 */
import type { DocumentState } from '../compiler/protocol.ts';
import type { PageMemory } from './pageMemory.ts';
import { decodeMessage, encodeMessage } from './transport/codec.ts';

interface Remembered {
  readonly stamp: string;
  readonly document: string;
}

/** Pause before it is written: clicks that follow each other write once. */
const REST_MS = 500;

export class DocumentMemory {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly memory: PageMemory) {}

  get stamp(): string | null {
    return this.remembered()?.stamp ?? null;
  }

  /** Null where nothing usable was kept: then the host has to be asked again, without a stamp. */
  recall(): DocumentState | null {
    try {
      const kept = this.remembered();
      return kept ? (decodeMessage(kept.document) as DocumentState) : null;
    } catch {
      return null;
    }
  }

  keep(stamp: string | undefined, document: DocumentState): void {
    clearTimeout(this.timer);
    if (stamp === undefined || stamp === this.stamp) return;
    this.timer = setTimeout(() => {
      const remembered: Remembered = { stamp, document: encodeMessage(document) };
      this.memory.write(remembered);
    }, REST_MS);
  }

  private remembered(): Remembered | null {
    const value = this.memory.read();
    if (typeof value !== 'object' || value === null) return null;
    const { stamp, document } = value as Partial<Record<string, unknown>>;
    return typeof stamp === 'string' && typeof document === 'string' ? { stamp, document } : null;
  }
}
