// Running a model from the editor: WebAssembly kernels built and timed, times on the graph, kernels as documents.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';
import { tinyModel } from './support/tinyModel.ts';

const TIME = /^[\d.]+ (ms|µs)/;

let workbench: Workbench;
let graph: GraphPage;

/** Second lines of the blocks: times, or what stands there without them. */
async function timed(): Promise<boolean> {
  const lines = await graph.lines(1).catch(() => []);
  return lines.length > 0 && lines.every((line) => TIME.test(line));
}

async function editorText(tab: string): Promise<string> {
  await workbench.tab(tab).first().waitFor();
  return workbench.page.locator('.editor-instance .view-lines').last().innerText();
}

describe('a run on this computer', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({
      files: { 'm.onnx': tinyModel() },
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
    await workbench.openFile('m.onnx');
    graph = new GraphPage(await workbench.webview());
  });
  afterAll(() => workbench.close());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench.screenshot(`failed-${task.name}`);
  });

  it('puts the time of every block on the graph, in the tree and in the status bar', async () => {
    await expect.poll(() => graph.labels().catch(() => []), { timeout: 15_000 }).toContain('Conv');
    await workbench.runCommand('Fusion Studio: Run and Time Every Block');
    await workbench.toast('batch = 1').waitFor();
    await expect.poll(timed, { timeout: 60_000 }).toBe(true);
    await expect
      .poll(() => graph.frame.locator('.run-latency').innerText())
      .toMatch(/^[\d.]+ (ms|µs)/);
    await workbench.statusItem('Fusion Studio: 6 blocks / 8 operators, dnnfusion,').waitFor();
    await expect.poll(() => graph.frame.locator('.legend-heat').innerText()).toMatch(/WebAssembly/);
    await workbench.screenshot('run-dark');
  });

  it('hides and shows the times by a key, and keeps them for blocks that an edit leaves alone', async () => {
    await graph.press('t');
    await expect.poll(timed).toBe(false);
    await graph.press('t');
    await expect.poll(timed).toBe(true);
    await graph.clickEdge('opool', 'oflat');
    await expect.poll(() => graph.labels()).toContain('GlobalAvgPool + Flatten');
    await expect
      .poll(async () => (await graph.lines(1)).filter((line) => TIME.test(line)).length)
      .toBeGreaterThan(1);
    await graph.press('Control+z');
    await expect.poll(timed).toBe(true);
  });

  it('runs elsewhere when that is chosen in the palette, by the keyboard alone', async () => {
    const { keyboard } = workbench.page;
    const picker = workbench.page.locator('.quick-input-widget');
    const focused = picker.locator('.monaco-list-row.focused');
    const choose = async (keys: readonly string[], place: string): Promise<void> => {
      await graph.press('F1');
      await picker.locator('input[type="text"]').waitFor();
      await keyboard.type('Fusion Studio: Choose Where to Run');
      await expect.poll(() => focused.first().innerText()).toMatch(/Choose Where to Run/);
      await keyboard.press('Enter');
      await expect.poll(() => focused.first().innerText()).toMatch(/^WebAssembly/);
      for (const key of keys) await keyboard.press(key);
      await expect.poll(() => focused.first().innerText()).toMatch(new RegExp(`^${place}\\s`));
      await keyboard.press('Enter');
      await expect.poll(() => graph.frame.locator('.run-target').textContent()).toBe(place);
    };
    await choose(['ArrowDown'], 'C');
    await choose([], 'WebAssembly');
    // The keyboard is back in the graph: a key walks there.
    const walked = async (): Promise<number> => {
      await keyboard.press('ArrowDown');
      return (await graph.withClass('selected')).length;
    };
    await expect.poll(walked, { interval: 500 }).toBe(1);
  });

  it('verifies the outputs and says so', async () => {
    await workbench.runCommand('Fusion Studio: Run and Verify Outputs');
    await workbench.toast('agrees with').waitFor({ timeout: 120_000 });
    const runs = graph.frame.locator('.panel', { hasText: 'verified' });
    await runs.waitFor();
  });

  it("opens a block's kernel beside the graph, read-only, as C", async () => {
    await graph.clickNode('brelu1');
    await graph.press('k');
    await expect.poll(() => editorText('block 2.c'), { timeout: 15_000 }).toMatch(/Relu.*Conv/s);
    await workbench.screenshot('kernel');
  });

  it('compares the kernels of two plans in the diff editor', async () => {
    await workbench.tab('m.onnx').first().click();
    await workbench.runCommand('Fusion Studio: Compare Kernels of Two Plans');
    await workbench.page.keyboard.type('none');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.locator('.monaco-diff-editor').first().waitFor();
    await workbench.page
      .locator('.tabs-container .tab', { hasText: 'kernels under none' })
      .waitFor();
  });
});
