/** Where models lie and what that allows: the decisions of `modelFiles.ts`, VS Code's file systems in memory. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ModelError } from '../../compiler/diagnostics.ts';
import { modelFile, planPlaces, readOnlyReason, sidecarUri } from '../../extension/modelFiles.ts';

type Uri = Parameters<typeof readOnlyReason>[0];

const MB = 1024 * 1024;

const disk = vi.hoisted(() => ({
  writable: {} as Record<string, boolean | undefined>,
  size: 0,
  content: new Uint8Array(),
  reads: 0,
  failure: undefined as Error | undefined,
}));

vi.mock('vscode', () => ({
  workspace: {
    fs: {
      isWritableFileSystem: (scheme: string) => disk.writable[scheme],
      stat: async () => ({ size: disk.size, mtime: 7 }),
      readFile: async () => {
        disk.reads++;
        if (disk.failure) throw disk.failure;
        return disk.content;
      },
    },
  },
  Uri: { joinPath: (base: Uri, ...parts: string[]) => uri(base.scheme, parts.join('/')) },
}));

function uri(scheme: string, path: string, query = ''): Uri {
  const parts = { scheme, path, query, fsPath: path, toString: () => `${scheme}:${path}?${query}` };
  return {
    ...parts,
    with: (change: { path?: string; query?: string }) =>
      uri(scheme, change.path ?? path, change.query ?? query),
  } as Partial<Uri> as Uri;
}

beforeEach(() => {
  disk.writable = { file: true, git: false, zip: false, memfs: true };
  disk.size = 3;
  disk.content = Uint8Array.of(1, 2, 3);
  disk.reads = 0;
  disk.failure = undefined;
});

describe('what forbids to change a plan', () => {
  it.each([
    ['file', null],
    ['memfs', null],
    // VS Code does not know (yet) who serves it.
    ['later', null],
    ['git', 'this is a revision from git; open the working copy to change its plan'],
    ['zip', 'files of “zip:” cannot be written'],
  ])('%s: %s', (scheme, reason) => {
    expect(readOnlyReason(uri(scheme, '/m.onnx'))).toBe(reason);
  });
});

describe('the plan of a model', () => {
  it('lies beside it', () => {
    expect(sidecarUri(uri('memfs', '/a/m.onnx', 'q=1')).toString()).toBe(
      'memfs:/a/m.onnx.fusion.json?q=1',
    );
  });

  it('is the one of the same revision', () => {
    const query = JSON.stringify({ path: '/a/m.onnx', ref: 'HEAD~2' });
    const plan = sidecarUri(uri('git', '/a/m.onnx', query));
    expect(plan.path).toBe('/a/m.onnx.fusion.json');
    expect(JSON.parse(plan.query)).toEqual({ path: '/a/m.onnx.fusion.json', ref: 'HEAD~2' });
  });

  it.each(['', 'not JSON', '{"path": 3}', 'null'])('survives a query that says: %s', (query) => {
    const plan = sidecarUri(uri('git', '/a/m.onnx', query));
    expect(plan.path).toBe('/a/m.onnx.fusion.json');
    expect(plan.query).toBe(query);
  });

  it('is absent only where its file is', async () => {
    const { beside } = planPlaces(uri('memfs', '/m.onnx'), uri('file', '/storage'));
    disk.failure = Object.assign(new Error('none'), { code: 'FileNotFound' });
    await expect(beside?.read()).resolves.toBeUndefined();
    disk.failure = Object.assign(new Error('offline'), { code: 'Unavailable' });
    await expect(beside?.read()).rejects.toThrow('offline');
  });

  it.each([
    ['NoPermissions', true],
    ['EROFS', true],
    ['Unavailable', false],
    [undefined, false],
  ])('goes elsewhere after %s: %s', (code, elsewhere) => {
    const { isRefusal } = planPlaces(uri('memfs', '/m.onnx'), uri('file', '/storage'));
    expect(isRefusal(Object.assign(new Error('no'), { code }))).toBe(elsewhere);
  });
});

describe('what the compiler opens', () => {
  it('is the path of a file, which is not read here', async () => {
    disk.size = 5000 * MB;
    const location = await modelFile(uri('file', '/a/m.onnx')).locate();
    expect(location).toEqual({ kind: 'file', path: '/a/m.onnx' });
    expect(disk.reads).toBe(0);
  });

  it('is the content of anything else', async () => {
    const location = await modelFile(uri('zip', '/a/m.onnx')).locate();
    expect(location).toEqual({ kind: 'bytes', name: 'm.onnx', bytes: disk.content });
  });

  it('is read up to 256 MB', async () => {
    disk.size = 256 * MB;
    await modelFile(uri('zip', '/m.onnx')).locate();
    expect(disk.reads).toBe(1);
    disk.size = 256 * MB + 1;
    const refused = modelFile(uri('zip', '/m.onnx')).locate();
    await expect(refused).rejects.toBeInstanceOf(ModelError);
    await expect(refused).rejects.toThrow('has 257 MB');
    expect(disk.reads).toBe(1);
  });

  it('is refused after reading where the size was not known before', async () => {
    disk.size = 0;
    disk.content = new Uint8Array(256 * MB + 1);
    await expect(modelFile(uri('zip', '/m.onnx')).locate()).rejects.toThrow('at most 256 MB');
  });
});
