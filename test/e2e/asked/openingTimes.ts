// From a click in the explorer to the first painted viewport, in the real workbench, as the extension's own log has it.
// A measurement, not a test of speed: runs only when asked, E2E=openingTimes npm test -- e2e, and prints a table.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { HUGE_BLOCKS, swinModel } from '../../bench/swinModel.ts';
import { root } from '../../setup/command.mjs';
import { openWorkbench } from '../harness/workbench.ts';

const RUNS = 5;
const models = ['efficientnet-b0', 'mask-rcnn', 'mobilebert', 'swin'];

it('is measured', async () => {
  const workbench = await openWorkbench({
    files: Object.fromEntries([
      ['notes.txt', 'text'],
      ...models.map((name) => [
        `${name}.onnx`,
        name === 'swin'
          ? swinModel(HUGE_BLOCKS)
          : readFileSync(join(root, `test/models/${name}.onnx`)),
      ]),
    ]),
    settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
  });
  const opened = new Map<string, number[][]>(models.map((name) => [name, []]));
  const restored = new Map<string, number[][]>(models.map((name) => [name, []]));
  const nextPainted = async (name: string, act: () => Promise<void>): Promise<number[]> => {
    const before = painted(name).length;
    await act();
    await expect.poll(() => painted(name).length, { timeout: 30_000 }).toBeGreaterThan(before);
    return painted(name).at(-1) ?? [];
  };
  for (let run = 0; run < RUNS; run++) {
    for (const name of models) {
      const file = `${name}.onnx`;
      opened.get(name)?.push(await nextPainted(name, () => workbench.openFile(file)));
      // A look at the picture: what the page keeps for later is written when it rests.
      await workbench.page.waitForTimeout(1500);
      await workbench.openFile('notes.txt');
      restored.get(name)?.push(await nextPainted(name, () => workbench.tab(file).first().click()));
      await workbench.runCommand('View: Close All Editors');
    }
  }
  const median = (times: number[][] = [], stage = 0): number | undefined =>
    times.map((stages) => stages[stage]!).sort((a, b) => a - b)[times.length >> 1];
  const rows = models.map((name) => ({
    model: name,
    'opened, median': median(opened.get(name)),
    'shown again, median': median(restored.get(name)),
    'script began': median(restored.get(name), 1),
    'asked for the document': median(restored.get(name), 2),
    'had it': median(restored.get(name), 3),
  }));
  console.log('Milliseconds from the start of the page to its first painted viewport:');
  console.table(rows);
  await workbench.close();
}, 300_000);

/** Every 'painted' line of the extension's log so far. */
function painted(name: string): number[][] {
  const data = join(dirname(inject('endToEnd').scratch), 'user-data');
  const times: number[][] = [];
  for (const path of readdirSync(join(data, 'logs'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('Fusion Studio.log')) continue;
    for (const [, ...stages] of readFileSync(join(data, 'logs', path), 'utf8').matchAll(
      new RegExp(`painted ${name}\\.onnx after (\\d+) ms \\((\\d+), (\\d+), (\\d+)\\)`, 'g'),
    )) {
      times.push(stages.map(Number));
    }
  }
  return times;
}
