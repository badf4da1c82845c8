/**
 * Models as ONNX Runtime's optimiser and quantiser write them open without unknown operators, with every
 * rank known by inference alone, and with the shapes that the runtime computes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../../../compiler/graph/graph.ts';
import { onnxRuntimeInstalled } from '../../setup/onnxRuntime.ts';
import {
  compareWithRuntime,
  materialise,
  open,
  operatorTypes,
  optimise,
} from './optimisedModels.ts';
import { qdqModel } from './quantisedModel.ts';

const folder = mkdtempSync(join(tmpdir(), 'fusion-studio-optimised-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const absent = onnxRuntimeInstalled() ? '' : ' (skipped: install test/peers first)';

describe.skipIf(absent !== '')(`models written by ONNX Runtime's optimiser${absent}`, () => {
  const expected: Record<string, Record<'extended' | 'all', RegExp>> = {
    'mobilenetv1-ssd': { extended: /com\.microsoft\.FusedConv/, all: /FusedConv|nchwc/ },
    tinybert: { extended: /SkipLayerNormalization.*/, all: /SkipLayerNormalization/ },
    'efficientnet-b0': { extended: /com\.microsoft\.QuickGelu/, all: /QuickGelu/ },
  };
  const paths = new Map<string, string>();
  beforeAll(() => {
    for (const name of Object.keys(expected)) paths.set(name, materialise(name, folder));
  });

  const cases = Object.keys(expected).flatMap((name) => [
    [name, 'extended'] as const,
    [name, 'all'] as const,
  ]);
  it.each(cases)('%s at level %s', async (name, level) => {
    const written = await optimise(paths.get(name) as string, level);
    const model = open(written, { forget: true });
    expect(operatorTypes(model).join(' ')).toMatch(expected[name]?.[level] as RegExp);
    expectSound(model);
    const { compared, differences } = await compareWithRuntime(written, model);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(model.graph.operators.length * 0.9);
  });
});

describe('a quantised model', () => {
  const path = join(folder, 'qdq.onnx');
  beforeAll(() => writeFileSync(path, qdqModel()));

  it('opens in QDQ form', () => {
    const model = open(path, { forget: true });
    expect(operatorTypes(model)).toContain('DequantizeLinear');
    expectSound(model);
  });

  it.skipIf(absent !== '').each(['extended', 'all'] as const)(
    `opens as ONNX Runtime fuses it at level %s${absent}`,
    async (level) => {
      const written = await optimise(path, level);
      const model = open(written, { forget: true });
      const types = operatorTypes(model).join(' ');
      expect(types).toMatch(/QLinearConv/);
      expect(types).toMatch(/com\.microsoft\.QLinearAdd/);
      expectSound(model);
      const { compared, differences } = await compareWithRuntime(written, model);
      expect(differences).toEqual([]);
      expect(compared).toBeGreaterThan(model.graph.operators.length * 0.9);
    },
  );
});

/** Nothing unknown, nothing wrong, every rank found. */
function expectSound(model: Model): void {
  expect(model.diagnostics.filter(({ severity }) => severity !== 'info')).toEqual([]);
  const unranked = model.graph.operators.flatMap(({ type, outputs }) =>
    outputs.flatMap((output) => {
      const value = model.graph.values[output];
      return value && !(value.type.kind === 'tensor' && value.type.shape)
        ? [`${type}: ${value.name}`]
        : [];
    }),
  );
  expect(unranked).toEqual([]);
}
