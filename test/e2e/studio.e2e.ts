// The same page without VS Code: `fusion-studio open` in plain Chromium, with its own undo and saving.
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { root } from '../setup/command.mjs';
import { startStudio, type Studio } from './harness/studio.ts';
import { GraphPage } from './support/graphPage.ts';
import { tinyModel } from './support/tinyModel.ts';

const planned = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool', 'Flatten', 'Gemm', 'Softmax'];
const fused = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool + Flatten', 'Gemm', 'Softmax'];

function folder(): string {
  return mkdtempSync(join(inject('endToEnd').scratch, 'model-'));
}

function expectLabels(graph: GraphPage, labels: readonly string[]): Promise<void> {
  return expect.poll(() => graph.labels().catch(() => []), { timeout: 10_000 }).toEqual(labels);
}

describe('the studio in a browser', () => {
  let studio: Studio;
  let graph: GraphPage;
  let model: string;

  beforeAll(async () => {
    model = join(folder(), 'tiny.onnx');
    writeFileSync(model, tinyModel());
    studio = await startStudio(model);
    graph = new GraphPage(studio.page.mainFrame());
  });
  afterAll(() => studio.close());

  it('draws the blocks', async () => {
    await expectLabels(graph, planned);
  });

  it('fuses by click, undoes and redoes by itself', async () => {
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    await graph.press('Control+z');
    await expectLabels(graph, planned);
    await graph.press('Control+Shift+z');
    await expectLabels(graph, fused);
  });

  it('saves beside the model, and the plan is back after a reload', async () => {
    await graph.press('Control+s');
    await expect
      .poll(() => {
        try {
          return readFileSync(`${model}.fusion.json`, 'utf8');
        } catch {
          return '';
        }
      })
      .toContain('"fuse"');
    await studio.page.reload();
    graph = new GraphPage(studio.page.mainFrame());
    await expectLabels(graph, fused);
  });

  it('does all of it without a mouse, and speaks', async () => {
    await graph.press('Home');
    const spoken = (): Promise<string | null> => studio.page.locator('#spoken').textContent();
    await graph.press('ArrowDown');
    await expect.poll(spoken).toMatch(/^Operator Conv|^Conv/);
    await graph.press('ArrowDown');
    await expect.poll(spoken).toMatch(/Relu/);
    await graph.press('e');
    await expect.poll(() => graph.labels()).toContain('Sigmoid');
  });

  it('had a clean console all the time', () => {
    expect(studio.errors.all()).toEqual([]);
  });
});

describe('a large model in the studio', () => {
  it('opens at the top, readable, in light and dark, with a clean console', async () => {
    const model = join(folder(), 'mask-rcnn.onnx');
    copyFileSync(join(root, 'test/models/mask-rcnn.onnx'), model);
    const studio = await startStudio(model);
    try {
      const graph = new GraphPage(studio.page.mainFrame());
      await expect.poll(() => graph.labels().catch(() => []), { timeout: 20_000 }).not.toEqual([]);
      expect((await graph.viewport()).zoom).toBeGreaterThan(0.6);
      for (const scheme of ['dark', 'light'] as const) {
        await studio.page.emulateMedia({ colorScheme: scheme });
        // The picture follows the theme a few frames later.
        await studio.page.waitForTimeout(500);
        await studio.screenshot(`studio-mask-rcnn-${scheme}`);
      }
      expect(studio.errors.all()).toEqual([]);
    } finally {
      await studio.close();
    }
  });
});
