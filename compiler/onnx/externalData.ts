/**
 * External data: tensors whose bytes are in files beside the model. Locations are untrusted text. They
 * must name a plain file inside the model's folder, by its real path, or nothing is opened.
 */
import { realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ModelError } from '../diagnostics.ts';
import type { OpenFile } from './randomAccess.ts';

export type ExternalLookup =
  | { readonly state: 'found'; readonly file: OpenFile }
  /** Not there. Normal for models that travel without their weights. */
  | { readonly state: 'missing' }
  /** Not opened; `reason` completes the sentence "weights file … ". */
  | { readonly state: 'refused'; readonly reason: string };

const LONGEST_LOCATION = 1024;

/** Why a location is refused by its text alone, or undefined. `reason` as in ExternalLookup. */
export function locationProblem(location: string): string | undefined {
  if (location === '') return 'has no name';
  if (location.length > LONGEST_LOCATION) return 'has too long a name';
  // Control characters never belong to a path, and NUL would end it early.

  if (/[\u0000-\u001f\u007f]/.test(location)) return 'has control characters in its name';
  if (location.includes('\\')) return 'has a backslash in its path';
  if (location.startsWith('/') || /^[a-z]:/i.test(location)) return 'has an absolute path';
  if (location.split('/').includes('..')) return "leaves the model's folder";
  return undefined;
}

/** Finds `location` below `folder`; `open` opens a path that was found to be harmless. */
export function lookUpExternal(
  folder: string,
  location: string,
  open: (path: string) => OpenFile,
): ExternalLookup {
  const problem = locationProblem(location);
  if (problem !== undefined) return { state: 'refused', reason: problem };
  let path: string;
  try {
    const root = realpathSync(folder);
    path = realpathSync(join(root, location));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return { state: 'refused', reason: "is a link out of the model's folder" };
    }
    // Looked at before opening: opening a pipe or a device would block or act.
    if (!statSync(path).isFile()) return { state: 'refused', reason: 'is not a plain file' };
  } catch {
    return { state: 'missing' };
  }
  try {
    return { state: 'found', file: open(path) };
  } catch (error) {
    if (error instanceof ModelError) return { state: 'refused', reason: 'cannot be read' };
    throw error;
  }
}
