import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Constant, Model } from '../../../compiler/graph/graph.ts';
import { readConstant } from '../../../compiler/onnx/constantData.ts';
import { locationProblem } from '../../../compiler/onnx/externalData.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes, openModelFile } from '../../../compiler/onnx/source.ts';
import { valueNamed } from './importing.ts';
import { externalTensor, model, node } from './protoWriter.ts';

let folder: string;
let modelFolder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fusion-external-'));
  modelFolder = join(folder, 'model');
  mkdirSync(join(modelFolder, 'sub'), { recursive: true });
  mkdirSync(join(folder, 'model-2'));
  writeFileSync(join(folder, 'secret.bin'), new Uint8Array(64).fill(7));
  writeFileSync(join(folder, 'model-2', 'w.bin'), new Uint8Array(64).fill(7));
  const data = new Uint8Array(64);
  new Float32Array(data.buffer).set([0, 1, 2, 3]);
  writeFileSync(join(modelFolder, 'w.bin'), data);
  writeFileSync(join(modelFolder, 'sub', 'w.bin'), data);
  writeFileSync(join(modelFolder, 'shape.bin'), new Uint8Array(BigInt64Array.of(2n, -1n).buffer));
  symlinkSync(join(folder, 'secret.bin'), join(modelFolder, 'link.bin'));
  symlinkSync(folder, join(modelFolder, 'up'));
  symlinkSync(join(modelFolder, 'w.bin'), join(modelFolder, 'inside.bin'));
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly imported: Model;
  readonly constant: Constant;
  read(): number[];
}

function importExternal(tensor: Uint8Array): Result {
  const path = join(modelFolder, 'm.onnx');
  writeFileSync(
    path,
    model({ initializers: [tensor], nodes: [node('Op', ['w'], ['y'])], outputs: ['y'] }),
  );
  const source = openModelFile(path);
  const imported = importModel(source);
  const constant = valueNamed(imported.graph, 'w').constant as Constant;
  return {
    imported,
    constant,
    read: () => {
      const bytes = readConstant(constant, source);
      source.close();
      return [...new Float32Array(bytes.buffer)];
    },
  };
}

const floats = (
  location: string,
  range: { offset?: number | string; length?: number | string } = {},
) => externalTensor('w', 'float32', [2], location, range);

describe('external data', () => {
  it('reads a range of a file beside the model', () => {
    const { imported, constant, read } = importExternal(floats('w.bin', { offset: 4, length: 8 }));
    expect(imported.diagnostics).toEqual([]);
    expect(constant.source).toEqual({ kind: 'external', location: 'w.bin', offset: 4, length: 8 });
    expect(read()).toEqual([1, 2]);
  });

  it.each(['sub/w.bin', './w.bin', 'inside.bin'])('accepts %s', (location) => {
    expect(importExternal(floats(location)).imported.diagnostics).toEqual([]);
  });

  it('takes a missing file for a model that travels without weights', () => {
    const { imported, constant, read } = importExternal(floats('gone.bin', { length: 8 }));
    expect(imported.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ['model/external-missing', 'info'],
    ]);
    expect(constant.source.kind).toBe('external');
    expect(read).toThrow(/"gone.bin" is not there/);
  });

  it.each([
    ['/etc/passwd', 'absolute'],
    ['../secret.bin', 'leaves'],
    ['sub/../../secret.bin', 'leaves'],
    ['sub\\..\\..\\secret.bin', 'backslash'],
    ['C:secret.bin', 'absolute'],
    ['w.bin\u0000.txt', 'control'],
    ['', 'no name'],
    ['link.bin', 'link out of'],
    ['up/secret.bin', 'link out of'],
    ['up/model-2/w.bin', 'link out of'],
    ['sub', 'not a plain file'],
    ['x'.repeat(2000), 'too long'],
  ])('refuses %j', (location, reason) => {
    const { imported, constant, read } = importExternal(floats(location));
    expect(imported.diagnostics).toHaveLength(1);
    expect(imported.diagnostics[0]).toMatchObject({
      code: 'model/external-data',
      severity: 'error',
      message: expect.stringContaining(reason) as string,
    });
    expect(constant.source.kind).toBe('unavailable');
    expect(read).toThrow(/cannot be read/);
  });

  it.each([
    [{ offset: 60 }, /lies outside/],
    [{ offset: '999999999999999' }, /lies outside/],
    [{ length: 4 }, /needs 8 bytes, but 4/],
    [{ offset: -4 }, /no valid offset/],
    [{ offset: '1e3' }, /no valid offset/],
    [{ length: '99999999999999999999' }, /no valid offset/],
  ])('refuses the range %j', (range, message) => {
    const { imported, constant } = importExternal(floats('w.bin', range));
    expect(imported.diagnostics.map(({ code }) => code)).toEqual(['model/external-data']);
    expect(imported.diagnostics[0]?.message).toMatch(message);
    expect(constant.source.kind).toBe('unavailable');
  });

  it('knows small integers, which shapes depend on', () => {
    const { imported } = importExternal(externalTensor('w', 'int64', [2], 'shape.bin'));
    expect(valueNamed(imported.graph, 'w').known?.data).toEqual([2, -1]);
  });

  it('counts as missing for a model without folder', () => {
    const codesFor = (location: string): string[] => {
      const bytes = model({
        initializers: [floats(location)],
        nodes: [node('Op', ['w'], ['y'])],
        outputs: ['y'],
      });
      return importModel(modelFromBytes(bytes)).diagnostics.map(({ code }) => code);
    };
    expect(codesFor('w.bin')).toEqual(['model/external-missing']);
    expect(codesFor('/etc/passwd')).toEqual(['model/external-data']);
  });

  it('allows dots that are part of a name', () => {
    expect(locationProblem('weights..v2/a...b')).toBeUndefined();
  });
});
