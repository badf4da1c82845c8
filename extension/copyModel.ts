/**
 * *Save As*: copies a model with its weight files and its plan. Everything is written under temporary names
 * first, so that a cancelled or failed copy leaves nothing behind. No `vscode` in here.
 */
import type { CancelToken } from '../compiler/client/cancellation.ts';
import { RequestCancelled } from '../compiler/client/cancellation.ts';

/** The file system; paths or URIs, as the caller likes. */
export interface CopyPort<Place> {
  /** A file below the folder of another: `location` was checked. */
  readonly beside: (file: Place, location: string) => Place;
  readonly same: (a: Place, b: Place) => boolean;
  readonly size: (file: Place) => Promise<number | undefined>;
  readonly copy: (
    from: Place,
    to: Place,
    token: CancelToken,
    copied: (bytes: number) => void,
  ) => Promise<void>;
  readonly write: (to: Place, content: Uint8Array) => Promise<void>;
  readonly rename: (from: Place, to: Place) => Promise<void>;
  readonly remove: (file: Place) => Promise<void>;
  readonly withSuffix: (file: Place, suffix: string) => Place;
  /** Weight files that are there already and would be replaced. */
  readonly confirmReplace: (files: readonly Place[]) => Promise<boolean>;
}

export interface CopyRequest<Place> {
  readonly source: Place;
  readonly destination: Place;
  /** Relative to the model's folder. */
  readonly externalFiles: readonly string[];
  readonly sidecarSuffix: string;
  readonly sidecar: Uint8Array;
  readonly token: CancelToken;
  /** Fraction of the bytes copied since the last call. */
  readonly report: (fraction: number) => void;
}

const TEMPORARY = '.fusion-copy';

/** Throws RequestCancelled; errors of the file system pass through. */
export async function copyModel<Place>(
  port: CopyPort<Place>,
  request: CopyRequest<Place>,
): Promise<void> {
  const { source, destination, externalFiles, token } = request;
  const files = [{ from: source, to: destination }];
  for (const location of externalFiles) {
    files.push({ from: port.beside(source, location), to: port.beside(destination, location) });
  }
  const present = await withSizes(port, files);
  await askAboutReplaced(port, present.slice(1));

  const total = present.reduce((sum, { size }) => sum + size, 0) || 1;
  const written: { readonly temporary: Place; readonly to: Place }[] = [];
  const begin = (to: Place): Place => {
    if (token.isCancellationRequested) throw new RequestCancelled();
    const temporary = port.withSuffix(to, TEMPORARY);
    written.push({ temporary, to });
    return temporary;
  };
  try {
    for (const { from, to } of present) {
      await port.copy(from, begin(to), token, (bytes) => request.report(bytes / total));
    }
    await port.write(begin(port.withSuffix(destination, request.sidecarSuffix)), request.sidecar);
    if (token.isCancellationRequested) throw new RequestCancelled();
  } catch (error) {
    for (const { temporary } of written) await port.remove(temporary);
    throw error;
  }
  for (const { temporary, to } of written) await port.rename(temporary, to);
}

/** Files that are there and are not their own copies. */
async function withSizes<Place>(
  port: CopyPort<Place>,
  files: readonly { readonly from: Place; readonly to: Place }[],
): Promise<{ from: Place; to: Place; size: number }[]> {
  const present = [];
  for (const { from, to } of files) {
    if (port.same(from, to)) continue;
    const size = await port.size(from);
    if (size !== undefined) present.push({ from, to, size });
  }
  return present;
}

/** VS Code asked about the model itself; nobody asked about the files that come with it. */
async function askAboutReplaced<Place>(
  port: CopyPort<Place>,
  weights: readonly { readonly to: Place }[],
): Promise<void> {
  const replaced: Place[] = [];
  for (const { to } of weights) {
    if ((await port.size(to)) !== undefined) replaced.push(to);
  }
  if (replaced.length > 0 && !(await port.confirmReplace(replaced))) throw new RequestCancelled();
}
