/**
 * A folder of operator cases in ONNX's layout: each case a folder with `model.onnx` and `test_data_set_*` folders of
 * `input_N.pb` and `output_N.pb`. Files are untrusted.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelError } from '../diagnostics.ts';
import { readTensorProto, TensorFileError } from '../tensor/protoFile.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface ConformanceCase {
  /** Name of its folder. Untrusted text. */
  readonly name: string;
  readonly model: string;
  /** Folders of its data, sorted. */
  readonly dataSets: readonly string[];
}

const MOST_CASES = 100_000;
const MOST_LEVELS = 4;
const MOST_FILES = 1000;

/** All cases at or below a folder, by name. Throws ModelError where there is none. */
export function findCases(folder: string): readonly ConformanceCase[] {
  const found: ConformanceCase[] = [];
  const visit = (path: string, name: string, level: number): void => {
    if (existsSync(join(path, 'model.onnx'))) {
      const dataSets = foldersOf(path).filter((entry) => entry.startsWith('test_data_set_'));
      found.push({
        name,
        model: join(path, 'model.onnx'),
        dataSets: dataSets.sort(byNumber).map((entry) => join(path, entry)),
      });
      return;
    }
    if (level === MOST_LEVELS || found.length > MOST_CASES) return;
    for (const entry of foldersOf(path)) visit(join(path, entry), entry, level + 1);
  };
  visit(folder, folder, 0);
  if (found.length === 0) {
    throw new ModelError('model/unreadable', `There is no model.onnx in or below ${folder}.`);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function byNumber(a: string, b: string): number {
  return Number(/\d+$/.exec(a)?.[0] ?? 0) - Number(/\d+$/.exec(b)?.[0] ?? 0);
}

/** Tensors by number; `undefined` where a file holds no tensor of numbers (a sequence, strings …). */
export function readNumbered(
  folder: string,
  kind: 'input' | 'output',
): readonly (Tensor | undefined)[] {
  const tensors: (Tensor | undefined)[] = [];
  for (const name of readdirSync(folder)) {
    const number = Number(new RegExp(`^${kind}_(\\d{1,4})\\.pb$`).exec(name)?.[1] ?? -1);
    if (number < 0 || number >= MOST_FILES) continue;
    try {
      tensors[number] = readTensorProto(readFileSync(join(folder, name)));
    } catch (error) {
      if (!(error instanceof TensorFileError)) throw error;
      tensors[number] = undefined;
    }
  }
  return Array.from(tensors);
}
