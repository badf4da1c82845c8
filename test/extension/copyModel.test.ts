/** Save As on files in memory: everything or nothing. */
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestCancelled } from '../../compiler/client/cancellation.ts';
import type { CancelToken } from '../../compiler/client/cancellation.ts';
import { copyModel } from '../../extension/copyModel.ts';
import type { CopyPort, CopyRequest } from '../../extension/copyModel.ts';

let files: Map<string, string>;
let asked: string[];
let mayReplace: boolean;
let cancelled: boolean;
let progress: number;
/** Runs in the middle of every copy. */
let meanwhile: () => void;

beforeEach(() => {
  files = new Map([
    ['a/model.onnx', 'model'],
    ['a/model.onnx.fusion.json', 'old plan'],
    ['a/w/one.bin', 'weights one'],
    ['a/two.bin', 'weights two'],
  ]);
  asked = [];
  mayReplace = true;
  cancelled = false;
  progress = 0;
  meanwhile = () => undefined;
});

const port: CopyPort<string> = {
  beside: (file, location) => file.replace(/[^/]*$/, location),
  same: (a, b) => a === b,
  size: async (file) => files.get(file)?.length,
  copy: async (from, to, token, copied) => {
    files.set(to, '');
    meanwhile();
    if (token.isCancellationRequested) throw new RequestCancelled();
    const content = files.get(from);
    if (content === undefined) throw new Error(`${from} is missing`);
    files.set(to, content);
    copied(content.length);
  },
  write: async (to, content) => void files.set(to, new TextDecoder().decode(content)),
  rename: async (from, to) => {
    files.set(to, files.get(from)!);
    files.delete(from);
  },
  remove: async (file) => void files.delete(file),
  withSuffix: (file, suffix) => file + suffix,
  confirmReplace: async (places) => {
    asked.push(...places);
    return mayReplace;
  },
};

function request(destination: string): CopyRequest<string> {
  const token = {
    get isCancellationRequested() {
      return cancelled;
    },
    onCancellationRequested: () => ({ dispose: () => undefined }),
  } satisfies CancelToken;
  return {
    source: 'a/model.onnx',
    destination,
    externalFiles: ['w/one.bin', 'two.bin', 'absent.bin'],
    sidecarSuffix: '.fusion.json',
    sidecar: new TextEncoder().encode('new plan'),
    token,
    report: (fraction) => (progress += fraction),
  };
}

const below = (folder: string): string[] =>
  [...files.keys()].filter((name) => name.startsWith(folder)).sort();

describe('a copy of a model', () => {
  it('has its weight files and its plan', async () => {
    await copyModel(port, request('b/copy.onnx'));
    expect(below('b/')).toEqual([
      'b/copy.onnx',
      'b/copy.onnx.fusion.json',
      'b/two.bin',
      'b/w/one.bin',
    ]);
    expect(files.get('b/copy.onnx.fusion.json')).toBe('new plan');
    expect(files.get('b/w/one.bin')).toBe('weights one');
    expect(files.get('a/model.onnx.fusion.json')).toBe('old plan');
    expect(progress).toBeCloseTo(1);
  });

  it('in the same folder shares the weight files', async () => {
    await copyModel(port, request('a/copy.onnx'));
    expect(below('a/')).toEqual([
      'a/copy.onnx',
      'a/copy.onnx.fusion.json',
      'a/model.onnx',
      'a/model.onnx.fusion.json',
      'a/two.bin',
      'a/w/one.bin',
    ]);
    expect(asked).toEqual([]);
  });

  it('asks before it replaces weight files of somebody else', async () => {
    files.set('b/two.bin', 'theirs');
    mayReplace = false;
    await expect(copyModel(port, request('b/copy.onnx'))).rejects.toBeInstanceOf(RequestCancelled);
    expect(asked).toEqual(['b/two.bin']);
    expect(below('b/')).toEqual(['b/two.bin']);
    mayReplace = true;
    await copyModel(port, request('b/copy.onnx'));
    expect(files.get('b/two.bin')).toBe('weights two');
  });

  it('leaves nothing behind when it is cancelled, and what was there as it was', async () => {
    files.set('b/copy.onnx', 'theirs');
    let copies = 0;
    meanwhile = () => (cancelled = ++copies === 2);
    await expect(copyModel(port, request('b/copy.onnx'))).rejects.toBeInstanceOf(RequestCancelled);
    expect(below('b/')).toEqual(['b/copy.onnx']);
    expect(files.get('b/copy.onnx')).toBe('theirs');
  });

  it('leaves nothing behind when it fails', async () => {
    meanwhile = () => files.delete('a/two.bin');
    await expect(copyModel(port, request('b/copy.onnx'))).rejects.toThrow('missing');
    expect(below('b/')).toEqual([]);
  });
});
