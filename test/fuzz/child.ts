// Runs fuzz cases one after the other in a process of its own and tells the parent of each before it
// starts: when this process hangs or dies, the parent knows the case.
//   node child.cjs SEED_FOLDER WORK_FOLDER FROM TO STEP
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModelFile } from '../../compiler/onnx/source.ts';
import { mutatedModel } from './mutate.ts';
import { compileHostile } from './target.ts';

export type Report =
  | { readonly kind: 'start'; readonly number: number; readonly mutation: string }
  | {
      readonly kind: 'done';
      readonly number: number;
      /** 'planned' or the code of the ModelError. */
      readonly outcome: string;
      /** Processor time of all threads: a busy machine does not make a case slow. */
      readonly ms: number;
    }
  | { readonly kind: 'failed'; readonly number: number; readonly message: string }
  | { readonly kind: 'end'; readonly peakMb: number };

const send = (report: Report): Promise<void> =>
  new Promise((settle) => {
    if (!process.send) throw new Error('start this with an IPC channel');
    process.send(report, () => settle());
  });

async function main([seedFolder = '', workFolder = '', ...range]: string[]): Promise<void> {
  const [from = 0, to = 0, step = 1] = range.map(Number);
  const files = readdirSync(seedFolder).sort();
  const seeds = files.map((name) => new Uint8Array(readFileSync(join(seedFolder, name))));
  mkdirSync(workFolder, { recursive: true });
  const path = join(workFolder, 'model.onnx');
  for (let number = from; number < to; number += step) {
    const { bytes, kind } = mutatedModel(number, seeds);
    await send({ kind: 'start', number, mutation: kind });
    const start = process.cpuUsage();
    // Real files: external locations are then looked up as well.
    writeFileSync(path, bytes);
    const source = openModelFile(path);
    try {
      const outcome = await compileHostile(source);
      const { user, system } = process.cpuUsage(start);
      await send({ kind: 'done', number, outcome, ms: (user + system) / 1000 });
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await send({ kind: 'failed', number, message });
    } finally {
      source.close();
    }
  }
  await send({ kind: 'end', peakMb: process.resourceUsage().maxRSS / 1024 });
  process.disconnect();
}

void main(process.argv.slice(2));
