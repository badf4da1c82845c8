// Models with weights: regenerated once into a folder of the system's temporary space that is kept between runs, since
// hundreds of megabytes take seconds to write. Files are written under another name first.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const MODELS = [
  'efficientnet-b0',
  'vgg-16',
  'mobilenetv1-ssd',
  'yolo-v4',
  'c3d',
  's3d',
  'u-net',
  'faster-rcnn',
  'mask-rcnn',
  'tinybert',
  'distilbert',
  'albert',
  'bert-base',
  'mobilebert',
  'gpt-2',
] as const;
export type ModelName = (typeof MODELS)[number];

// Tests and benchmarks both run in the project's folder; a bundled benchmark lies elsewhere.
const folderOfModels = resolve('test/models');
const script = join(folderOfModels, 'materialize.mjs');

/** Path of the model with its weights beside it. */
export function materialised(name: ModelName): string {
  const source = join(folderOfModels, `${name}.onnx`);
  const hash = createHash('sha256').update(readFileSync(source)).update(readFileSync(script));
  const parent = join(tmpdir(), 'fusion-studio-models');
  const folder = join(parent, `${name}-${hash.digest('hex').slice(0, 12)}`);
  const path = join(folder, `${name}.onnx`);
  if (existsSync(path)) return path;
  mkdirSync(parent, { recursive: true });
  const unfinished = mkdtempSync(join(parent, 'new-'));
  execFileSync(process.execPath, [script, unfinished, source]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(path)) throw error;
  }
  return path;
}
