/**
 * Arguments that say how a model is planned: the planner's name, and a sidecar whose edits are applied.
 */
import { readFile } from 'node:fs/promises';
import { analysePass, bindingsOf, importPass } from '../compile.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { ModelError } from '../diagnostics.ts';
import { NO_EDITS, PLANNERS } from '../fusion/plan.ts';
import type { PlanEdits, PlannerName } from '../fusion/plan.ts';
import { openModelFile } from '../onnx/source.ts';
import { operatorGraph } from '../session/graphSnapshot.ts';
import { editsAsRecorded, matchSidecar } from '../sidecar/match.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import { parseSidecar } from '../sidecar/parse.ts';
import type { Sidecar } from '../sidecar/sidecar.ts';
import { UsageError, readBindings } from './command.ts';

export interface EditArguments {
  readonly planner?: string | undefined;
  readonly overrides?: string | undefined;
  readonly dim?: string[] | undefined;
  readonly 'no-rewrite'?: boolean | undefined;
  readonly 'fast-math'?: boolean | undefined;
}

/** Options about rewriting, for `readArguments`. */
export const REWRITE_OPTIONS = {
  'no-rewrite': { type: 'boolean' },
  'fast-math': { type: 'boolean' },
} as const;

/** What they change of the saved switches; nothing where they are absent. */
export function chosenRewrites(
  { 'no-rewrite': off, 'fast-math': fastMath }: EditArguments,
  saved: RewriteSettings = DEFAULT_REWRITES,
): Pick<PlanEdits, 'rewrite'> {
  if (off && fastMath) throw new UsageError('--no-rewrite and --fast-math exclude each other');
  if (off) return { rewrite: { ...saved, enabled: false } };
  return fastMath ? { rewrite: { ...saved, enabled: true, fastMath: true } } : {};
}

/** The edits that `--planner`, `--overrides` and `--dim` ask for, and what did not match the model. */
export async function readEdits(
  path: string,
  { planner, overrides, dim, ...rewriting }: EditArguments,
): Promise<{ readonly edits: PlanEdits; readonly diagnostics: readonly Diagnostic[] }> {
  const chosenPlanner = readPlanner(planner);
  const bindings = readBindings(dim ?? []);
  const sidecar = overrides === undefined ? null : await readSidecar(overrides);
  const saved = sidecar ? editsAsRecorded(sidecar) : NO_EDITS;
  const chosen: Partial<PlanEdits> = {
    ...(chosenPlanner ? { planner: chosenPlanner } : {}),
    bindings: { ...saved.bindings, ...bindings },
    ...chosenRewrites(rewriting, saved.rewrite),
  };
  if (sidecar === null) return { edits: { ...saved, ...chosen }, diagnostics: [] };
  // Operators may have to be found by their surroundings: the model may be a later export.
  const source = openModelFile(path);
  try {
    const imported = await importPass(source);
    const all = { ...saved, ...chosen };
    const analysed = await analysePass(imported, bindingsOf(all), undefined, all.rewrite);
    const match = matchSidecar(sidecar, operatorGraph(analysed.ecg));
    return { edits: { ...saved, ...match.edits, ...chosen }, diagnostics: match.diagnostics };
  } finally {
    source.close();
  }
}

export function readPlanner(name: string | undefined): PlannerName | undefined {
  if (name === undefined) return undefined;
  const planner = PLANNERS.find((candidate) => candidate === name);
  if (!planner) throw new UsageError(`--planner is one of ${PLANNERS.join(', ')}, not '${name}'`);
  return planner;
}

export async function readSidecar(path: string): Promise<Sidecar> {
  const content = await readFile(path).catch(() => {
    throw new ModelError('sidecar/malformed', `There is no readable file ${path}.`);
  });
  const parsed = parseSidecar(content);
  if (!parsed.ok) {
    const { code, message } = parsed.diagnostic;
    throw new ModelError(code, `${path}: ${message}`);
  }
  return parsed.sidecar;
}
