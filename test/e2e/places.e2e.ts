// Models in other places than a local folder, and a compiler that dies: what the editor promises there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { compilerProcesses } from './support/compilerProcesses.ts';
import { GraphPage } from './support/graphPage.ts';
import { tinyModel } from './support/tinyModel.ts';

const planned = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool', 'Flatten', 'Gemm', 'Softmax'];
const fused = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool + Flatten', 'Gemm', 'Softmax'];
const both = ['Conv + Relu', 'Conv + Sigmoid', ...fused.slice(2)];

let workbench: Workbench;
/** Compilers of windows that other specs opened on the same server. */
let foreign: readonly number[];

async function graphOf(): Promise<GraphPage> {
  return new GraphPage(await workbench.webview());
}

function expectLabels(graph: GraphPage, labels: readonly string[]): Promise<void> {
  return expect.poll(() => graph.labels().catch(() => []), { timeout: 15_000 }).toEqual(labels);
}

async function expectDirty(name: string, dirty: boolean): Promise<void> {
  const tab = workbench.tab(name).first();
  await expect
    .poll(async () => /\bdirty\b/.test((await tab.getAttribute('class')) ?? ''))
    .toBe(dirty);
}

async function openByProbe(command: string, tab: string): Promise<void> {
  await workbench.runCommand(`Probe: ${command}`);
  await workbench.tab(tab).first().waitFor();
}

async function closeEditor(tab: string): Promise<void> {
  await workbench.runCommand('View: Close Editor');
  await expect.poll(() => workbench.tab(tab).count()).toBe(0);
}

/** What the probe's file systems were asked for: 'read probe-rw:/m.onnx'. */
function fileLog(): readonly string[] {
  return readFileSync(join(workbench.folder, 'probe.log'), 'utf8').split('\n');
}

function ownCompilers(): readonly number[] {
  const all = compilerProcesses(inject('endToEnd').workbenchUrl);
  return all.filter((pid) => !foreign.includes(pid));
}

function ownCompiler(): number {
  const [compiler, ...others] = ownCompilers();
  if (compiler === undefined || others.length > 0) throw new Error('there is not one compiler');
  return compiler;
}

/** Kills the compiler of this window at once, as a crash would end it. */
function endCompiler(): number {
  const compiler = ownCompiler();
  process.kill(compiler, 'SIGKILL');
  return compiler;
}

/** Presses keys twice while the compiler stands still, as it seems to with a large model. */
async function twiceWhileBusy(graph: GraphPage, keys: string): Promise<void> {
  const compiler = ownCompiler();
  process.kill(compiler, 'SIGSTOP');
  try {
    await graph.press(keys);
    await workbench.page.waitForTimeout(200);
    await graph.press(keys);
    await workbench.page.waitForTimeout(200);
  } finally {
    process.kill(compiler, 'SIGCONT');
  }
}

describe('a model in another place', () => {
  beforeAll(async () => {
    foreign = compilerProcesses(inject('endToEnd').workbenchUrl);
    workbench = await openWorkbench({
      files: { 'm.onnx': tinyModel(), 'probe.log': '' },
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
    await workbench.statusItem('Probe ready').waitFor();
    workbench.page.setDefaultTimeout(15_000);
  });
  afterAll(() => workbench.close());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench.screenshot(`failed-${task.name}`);
  });

  it('is drawn from a read-only file system, and refuses edits with the reason', async () => {
    await openByProbe('Open Read-Only Model', 'm.onnx');
    const graph = await graphOf();
    await expectLabels(graph, planned);
    const reason = 'Read-only: files of “probe-ro:” cannot be written.';
    const notice = graph.frame.getByText(reason).first();
    await notice.waitFor();
    await graph.clickEdge('opool', 'oflat');
    const refusal = graph.frame.locator('.refusal');
    await refusal.waitFor();
    expect(await refusal.innerText()).toContain(reason);
    await workbench.screenshot('read-only');
    await expectLabels(graph, planned);
    await expectDirty('m.onnx', false);
    // The workbench's own commands do not ask the page.
    await workbench.runCommand('File: Save');
    await workbench.toast(`Failed to save 'm.onnx': ${reason}`).first().waitFor();
    await expectDirty('m.onnx', false);
    await closeEditor('m.onnx');
    expect(fileLog()).toContain('read probe-ro:/m.onnx');
    expect(fileLog().filter((line) => line.startsWith('write'))).toEqual([]);
  });

  it('keeps its plan on a writable file system without paths', async () => {
    await openByProbe('Open Writable Model', 'm.onnx');
    const graph = await graphOf();
    await expectLabels(graph, planned);
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    await expectDirty('m.onnx', true);
    await graph.press('Control+s');
    await expectDirty('m.onnx', false);
    expect(fileLog()).toContain('write probe-rw:/m.onnx.fusion.json');
    await closeEditor('m.onnx');
    await openByProbe('Open Writable Model', 'm.onnx');
    await expectLabels(await graphOf(), fused);
    await expectDirty('m.onnx', false);
    await closeEditor('m.onnx');
    expect(fileLog().filter((line) => line.startsWith('write'))).toEqual([
      'write probe-rw:/m.onnx.fusion.json',
    ]);
  });

  it('keeps its plan in storage of its own where the folder takes no files', async () => {
    await openByProbe('Open Model in Locked Folder', 'm.onnx');
    const graph = await graphOf();
    await expectLabels(graph, planned);
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    await graph.press('Control+s');
    await expectDirty('m.onnx', false);
    await workbench.screenshot('stored-apart');
    await closeEditor('m.onnx');
    await openByProbe('Open Model in Locked Folder', 'm.onnx');
    const again = await graphOf();
    await expectLabels(again, fused);
    await again.press('Control+z');
    await expectLabels(again, fused);
    await expectDirty('m.onnx', false);
    await closeEditor('m.onnx');
    expect(fileLog().filter((line) => line.startsWith('write probe-rw:/locked'))).toEqual([]);
  });

  it('is not read when it is too large to be read whole', async () => {
    await openByProbe('Open Huge Model', 'huge.onnx');
    const message = (await workbench.webview()).locator('.error-message');
    await message.waitFor();
    expect(await message.innerText()).toMatch(
      /The model has 300 MB; .* at most 256 MB .* Copy it to a local folder/,
    );
    await workbench.screenshot('too-large');
    await closeEditor('huge.onnx');
    expect(fileLog().filter((line) => line.includes('huge.onnx'))).toEqual([
      'read probe-rw:/huge.onnx.fusion.json',
    ]);
  });

  it('outlives the compiler process: plan, undo and unsaved edits stay', async () => {
    await workbench.openFile('m.onnx');
    const graph = await graphOf();
    await expectLabels(graph, planned);
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);

    const ended = endCompiler();
    await expect.poll(() => ownCompilers().includes(ended)).toBe(false);
    await graph.clickEdge('oconv1', 'brelu1');
    await expectLabels(graph, both);
    expect(ownCompilers()).toHaveLength(1);
    await workbench.statusItem('5 blocks / 8 operators').waitFor();
    await workbench.screenshot('compiler-killed');

    // This time the request is on its way when nobody knows yet that the process is gone.
    endCompiler();
    await graph.press('Control+z');
    await expectLabels(graph, fused);
    await graph.press('Control+z');
    await expectLabels(graph, planned);
    await expectDirty('m.onnx', false);
    await graph.press('Control+y');
    await expectLabels(graph, fused);
    await graph.press('Control+y');
    await expectLabels(graph, both);
  });

  it('loses no undo or redo that comes while the compiler is at work on the one before', async () => {
    const graph = await graphOf();
    await twiceWhileBusy(graph, 'Control+z');
    await expectLabels(graph, planned);
    await twiceWhileBusy(graph, 'Control+y');
    await expectLabels(graph, both);
    await graph.press('Control+s');
    await expectDirty('m.onnx', false);
    const saved = readFileSync(join(workbench.folder, 'm.onnx.fusion.json'), 'utf8');
    expect(saved.match(/"fuse"/g)).toHaveLength(2);
    await closeEditor('m.onnx');
  });

  it('outlives the compiler process without a path to read the model from again', async () => {
    await openByProbe('Open Writable Model', 'm.onnx');
    const graph = await graphOf();
    await expectLabels(graph, fused);
    endCompiler();
    await graph.clickEdge('oconv1', 'brelu1');
    await expectLabels(graph, both);
    await graph.press('Control+z');
    await expectLabels(graph, fused);
    await expectDirty('m.onnx', false);
  });

  it('had a clean console all the time', () => {
    const provoked = /^Failed to save 'm\.onnx': Read-only: /;
    expect(workbench.errors.all().filter((error) => !provoked.test(error))).toEqual([]);
  });
});
