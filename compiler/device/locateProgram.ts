/** Where programs are: never in a relative folder, and never inside folders that others fill (workspaces). */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, sep } from 'node:path';

export interface LocateOptions {
  /** Folders whose programs are never run. */
  readonly untrusted?: readonly string[];
  /** The search path; default: the environment's. */
  readonly path?: string;
}

/** Absolute path of an executable file outside of the untrusted folders. @param name a plain name or an absolute path */
export function locateProgram(
  name: string,
  { untrusted = [], path = process.env['PATH'] ?? '' }: LocateOptions,
): string | undefined {
  const isPlainName = !name.includes('/') && !name.includes('\\');
  if (!isPlainName && !isAbsolute(name)) return undefined;
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const files = isPlainName ? folders.map((folder) => join(folder, name)) : [name];
  const closed = untrusted.map(realPath);
  return files.find((file) => isExecutable(file) && !isInside(realPath(file), file, closed));
}

/** The path without symbolic links, where there is such a file. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isInside(real: string, named: string, folders: readonly string[]): boolean {
  const within = (file: string, folder: string): boolean =>
    file === folder || file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  return folders.some((folder) => within(real, folder) || within(named, folder));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
