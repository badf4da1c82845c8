/**
 * The files of one model in VS Code's terms: what the worker opens, where the plan is kept, and what
 * forbids to change it. File, remote, virtual and read-only file systems differ here and nowhere else.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { ModelError } from '../compiler/diagnostics.ts';
import type { ModelLocation } from '../compiler/protocol.ts';
import { SIDECAR_SUFFIX } from '../compiler/sidecar/sidecar.ts';
import type { ModelFile } from './document/ports.ts';
import type { PlanFile, PlanPlaces } from './document/planFile.ts';

/** Models on file systems without paths are read whole, up to this size. */
const MAX_VIRTUAL_BYTES = 256 * 1024 * 1024;

export function fileName(uri: vscode.Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

/** Why nothing can be saved for this model, to follow 'Read-only: ', or null. */
export function readOnlyReason(uri: vscode.Uri): string | null {
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== false) return null;
  return uri.scheme === 'git'
    ? 'this is a revision from git; open the working copy to change its plan'
    : `files of “${uri.scheme}:” cannot be written`;
}

/** `model.onnx.fusion.json` beside the model, in the same revision where there are revisions. */
export function sidecarUri(uri: vscode.Uri): vscode.Uri {
  const path = uri.path + SIDECAR_SUFFIX;
  if (uri.scheme !== 'git') return uri.with({ path });
  try {
    // The git extension keeps what it opens in the query.
    const query = JSON.parse(uri.query) as { path?: unknown };
    if (typeof query.path !== 'string') return uri.with({ path });
    return uri.with({
      path,
      query: JSON.stringify({ ...query, path: query.path + SIDECAR_SUFFIX }),
    });
  } catch {
    return uri.with({ path });
  }
}

/** Where the plan lies when the model's folder cannot be written. */
export function storedSidecarUri(storage: vscode.Uri, model: vscode.Uri): vscode.Uri {
  const key = createHash('sha256').update(model.toString()).digest('hex').slice(0, 32);
  return vscode.Uri.joinPath(storage, 'plans', `${key}${SIDECAR_SUFFIX}`);
}

export function modelFile(uri: vscode.Uri): ModelFile {
  return {
    async locate(): Promise<ModelLocation> {
      if (uri.scheme === 'file') return { kind: 'file', path: uri.fsPath };
      const { size } = await vscode.workspace.fs.stat(uri);
      if (size > MAX_VIRTUAL_BYTES) throw tooLarge(size);
      const bytes = await vscode.workspace.fs.readFile(uri);
      // Some providers do not know sizes beforehand.
      if (bytes.length > MAX_VIRTUAL_BYTES) throw tooLarge(bytes.length);
      return { kind: 'bytes', name: fileName(uri), bytes };
    },
    async stamp() {
      try {
        const { mtime, size } = await vscode.workspace.fs.stat(uri);
        return `${mtime}:${size}`;
      } catch {
        return undefined;
      }
    },
  };
}

export function planPlaces(model: vscode.Uri, storage: vscode.Uri): PlanPlaces {
  return {
    beside: planFile(sidecarUri(model)),
    storage: planFile(storedSidecarUri(storage, model)),
    isRefusal,
    canWriteBeside: () => canWrite(sidecarUri(model)),
  };
}

function planFile(uri: vscode.Uri): PlanFile {
  return {
    async read() {
      try {
        return await vscode.workspace.fs.readFile(uri);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async write(content) {
      if (uri.scheme === 'file') {
        await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(uri, '..'));
        await replaceFile(uri.fsPath, content);
      } else await vscode.workspace.fs.writeFile(uri, content);
    },
    async setAside() {
      const kept = uri.with({ path: `${uri.path}.${timestamp()}.bak` });
      await vscode.workspace.fs.rename(uri, kept);
      return fileName(kept);
    },
  };
}

/** A crash in the middle must not cost the plan: written beside it and renamed. Links stay links. */
async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function canWrite(uri: vscode.Uri): Promise<boolean> {
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false) return false;
  // Others show it when something is written.
  if (uri.scheme !== 'file') return true;
  try {
    await access(dirname(uri.fsPath), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'FileNotFound' || codeOf(error) === 'ENOENT';
}

function isRefusal(error: unknown): boolean {
  return ['NoPermissions', 'EACCES', 'EPERM', 'EROFS'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '');
}

function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
}

function tooLarge(size: number): ModelError {
  return new ModelError(
    'model/too-large',
    `The model has ${Math.ceil(size / 1024 / 1024)} MB; from this file system it would be read whole, and at most ` +
      `${MAX_VIRTUAL_BYTES / 1024 / 1024} MB are. Copy it to a local folder and open it there.`,
  );
}
