/**
 * Loads and saves the plan of one model, and notices when somebody else changed the file in between. A file
 * that cannot be understood locks the store: it is never overwritten, except after the user asked for a
 * fresh start, and then it is kept under another name.
 */
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { parseSidecar } from '../../compiler/sidecar/parse.ts';
import type { Sidecar } from '../../compiler/sidecar/sidecar.ts';
import { MAX_SIDECAR_BYTES } from '../../compiler/sidecar/sidecar.ts';
import type { PlanFile, PlanPlaces } from './planFile.ts';

export interface LoadedPlan {
  /** undefined: nothing was saved, or it cannot be read (then `locked` says why). */
  readonly sidecar: Sidecar | undefined;
  readonly locked: Diagnostic | undefined;
}

/** The file on disk is not the one that was loaded or saved last. */
export class PlanConflict extends Error {
  constructor() {
    super('The saved plan was changed on disk by somebody else. Choose Overwrite or Revert.');
    this.name = 'PlanConflict';
  }
}

export class PlanStore {
  private place: 'beside' | 'storage' = 'beside';
  private lock: Diagnostic | undefined;
  /** Content when it was last loaded or saved. */
  private known: Uint8Array | undefined;

  constructor(private readonly places: PlanPlaces) {}

  get locked(): Diagnostic | undefined {
    return this.lock;
  }

  /** True when the plan lies in the extension's storage because the model's folder cannot be written. */
  get isStoredApart(): boolean {
    return this.place === 'storage';
  }

  async load(): Promise<LoadedPlan> {
    const { beside, storage, canWriteBeside } = this.places;
    const writable = beside !== undefined && (await canWriteBeside());
    this.place = writable ? 'beside' : 'storage';
    this.known = await this.file.read();
    // A plan that came with the model is the start for one kept apart.
    const content = this.known ?? (await (writable ? storage : beside)?.read());
    this.lock = undefined;
    if (content === undefined) return { sidecar: undefined, locked: undefined };
    const parsed = parseSidecar(content);
    if (parsed.ok) return { sidecar: parsed.sidecar, locked: undefined };
    this.lock = parsed.diagnostic;
    return { sidecar: undefined, locked: this.lock };
  }

  /**
   * @param overwrite whatever is on disk
   * @throws PlanConflict, or an Error that tells the user why it cannot be saved
   */
  async save(text: string, overwrite = false): Promise<void> {
    if (this.lock) throw new Error(this.lock.message);
    const content = new TextEncoder().encode(text);
    if (content.length > MAX_SIDECAR_BYTES) {
      throw new Error(`The plan is larger than ${MAX_SIDECAR_BYTES / 1024 / 1024} MB.`);
    }
    if (!overwrite && (await this.isChangedOnDisk())) throw new PlanConflict();
    try {
      await this.file.write(content);
    } catch (error) {
      if (this.place === 'storage' || !this.places.isRefusal(error)) throw error;
      this.place = 'storage';
      await this.file.write(content);
    }
    this.known = content;
  }

  async isChangedOnDisk(): Promise<boolean> {
    return !sameBytes(await this.file.read(), this.known);
  }

  /** Makes way for a fresh plan; answers the name under which the old file is kept. */
  async startFresh(): Promise<string> {
    if (this.lock?.code !== 'sidecar/malformed') throw new Error('This plan must not be replaced.');
    const kept = await this.file.setAside();
    this.known = undefined;
    this.lock = undefined;
    return kept;
  }

  private get file(): PlanFile {
    const { beside, storage } = this.places;
    return this.place === 'beside' && beside ? beside : storage;
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
