/**
 * The studio's edits in the sidecar beside the model. A malformed sidecar is kept as `….bak` when a fresh plan
 * is saved over it; a newer one is never overwritten.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Diagnostic } from '../diagnostics.ts';
import { NO_EDITS } from '../fusion/plan.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { GraphSnapshot } from '../protocol.ts';
import { NOTHING_RECORDED, editsAsRecorded, matchSidecar } from '../sidecar/match.ts';
import type { Recorded } from '../sidecar/match.ts';
import { parseSidecar } from '../sidecar/parse.ts';
import { recordEdits } from '../sidecar/record.ts';
import { serialiseSidecar } from '../sidecar/serialise.ts';
import { SIDECAR_SUFFIX } from '../sidecar/sidecar.ts';
import type { Sidecar } from '../sidecar/sidecar.ts';
import type { EditsStore } from './studioHost.ts';

export function sidecarStore(modelPath: string): EditsStore {
  return new SidecarStore(modelPath + SIDECAR_SUFFIX);
}

class SidecarStore implements EditsStore {
  diagnostics: readonly Diagnostic[] = [];
  private sidecar: Sidecar | null = null;
  private recorded: Recorded = NOTHING_RECORDED;
  private damaged = false;

  constructor(private readonly path: string) {}

  async load(): Promise<{ edits: PlanEdits; readOnly: string | null }> {
    const content = await readIfPresent(this.path);
    this.sidecar = null;
    this.recorded = NOTHING_RECORDED;
    this.diagnostics = [];
    this.damaged = false;
    if (!content) return { edits: NO_EDITS, readOnly: null };
    const parsed = parseSidecar(content);
    if (parsed.ok) {
      this.sidecar = parsed.sidecar;
      return { edits: editsAsRecorded(parsed.sidecar), readOnly: null };
    }
    this.diagnostics = [parsed.diagnostic];
    this.damaged = parsed.diagnostic.code !== 'sidecar/newer';
    return { edits: NO_EDITS, readOnly: this.damaged ? null : parsed.diagnostic.message };
  }

  match(graph: GraphSnapshot): PlanEdits {
    if (!this.sidecar) return NO_EDITS;
    const match = matchSidecar(this.sidecar, graph);
    this.recorded = match.recorded;
    this.diagnostics = match.diagnostics;
    return match.edits;
  }

  async save(edits: PlanEdits, graph: GraphSnapshot, structureHash: string): Promise<void> {
    if (this.damaged) await rename(this.path, `${this.path}.bak`);
    this.damaged = false;
    const text = serialiseSidecar(recordEdits(edits, graph, structureHash, this.recorded));
    // A crash while writing must not cost the old plan.
    const temporary = `${this.path}.${process.pid}.tmp`;
    await writeFile(temporary, text);
    await rename(temporary, this.path);
  }
}

async function readIfPresent(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
