// A model in the custom editor, from the explorer to the saved plan: what a user does with mouse and keyboard.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';
import { externalFile, externalWeights, tinyModel } from './support/tinyModel.ts';

const planned = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool', 'Flatten', 'Gemm', 'Softmax'];
const fused = ['Conv', 'Relu + Conv + Sigmoid', 'GlobalAvgPool + Flatten', 'Gemm', 'Softmax'];

let workbench: Workbench;

async function graphOf(index = 0): Promise<GraphPage> {
  return new GraphPage(await workbench.webview(index));
}

async function open(name: string): Promise<GraphPage> {
  await openFile(name);
  return graphOf();
}

/** The explorer moves its rows a moment after a file was made or removed: a click may hit the one below. */
async function openFile(name: string): Promise<void> {
  const row = workbench.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
  let place = '';
  await expect
    .poll(
      async () => {
        const before = place;
        place = JSON.stringify(await row.first().boundingBox());
        return place === before;
      },
      { interval: 700, timeout: 10_000 },
    )
    .toBe(true);
  await workbench.openFile(name);
}

function expectLabels(graph: GraphPage, labels: readonly string[]): Promise<void> {
  return expect.poll(() => graph.labels().catch(() => []), { timeout: 10_000 }).toEqual(labels);
}

function sidecar(name: string): string {
  return join(workbench.folder, `${name}.fusion.json`);
}

async function expectDirty(name: string, dirty: boolean): Promise<void> {
  const tab = workbench.tab(name).first();
  await expect
    .poll(async () => /\bdirty\b/.test((await tab.getAttribute('class')) ?? ''))
    .toBe(dirty);
}

describe('a model in the editor', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({
      files: {
        'a.onnx': tinyModel(),
        'backup.onnx': tinyModel(),
        'conflict.onnx': tinyModel(),
        'hidden.onnx': tinyModel(),
        'split.onnx': tinyModel(),
        'tree.onnx': tinyModel(),
        'watched.onnx': tinyModel(),
        'broken.onnx': tinyModel().slice(0, 600),
        'locked.onnx': tinyModel(),
        'locked.onnx.fusion.json': '{"version": 99}',
        'apart.onnx': tinyModel({ external: true }),
        [externalFile]: externalWeights,
        'copies/notes.txt': 'text',
        'notes.txt': 'text',
      },
      // Browsers save by themselves unless they are told not to; a preview tab gives way to the next file.
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
    workbench.page.setDefaultTimeout(15_000);
  });
  afterAll(() => workbench.close());
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await workbench.screenshot(`failed-${task.name}`);
    await workbench.runCommand('View: Show Explorer').catch(() => undefined);
  });

  it('opens from the explorer and draws its blocks', async () => {
    const graph = await open('a.onnx');
    await expectLabels(graph, planned);
    await workbench.statusItem('Fusion Studio: 6 blocks / 8 operators, dnnfusion').waitFor();
    await expectDirty('a.onnx', false);
  });

  it('explains an edge on hover', async () => {
    const graph = await graphOf();
    await graph.hoverEdge('oconv1', 'brelu1');
    const tooltip = graph.frame.locator('.tooltip');
    await expect.poll(() => tooltip.innerText()).toMatch(/Many-to-Many/);
  });

  it('fuses two blocks by a click on the edge between them', async () => {
    const graph = await graphOf();
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    await expectDirty('a.onnx', true);
    await workbench.statusItem('5 blocks').waitFor();
  });

  it('cuts a block by a click on an edge inside', async () => {
    const graph = await graphOf();
    await graph.clickNode('brelu1', { double: true });
    await expect.poll(() => graph.labels()).toContain('Sigmoid');
    await graph.clickEdge('oconv2', 'osigmoid');
    await workbench.statusItem('6 blocks').waitFor();
    await graph.press('Shift+C');
    await expectLabels(graph, [
      'Conv',
      'Relu + Conv',
      'Sigmoid',
      'GlobalAvgPool + Flatten',
      'Gemm',
      'Softmax',
    ]);
  });

  it('undoes and redoes with the keys of VS Code', async () => {
    const graph = await graphOf();
    await graph.press('Control+z');
    await expectLabels(graph, fused);
    await graph.press('Control+z');
    await expectLabels(graph, planned);
    await expectDirty('a.onnx', false);
    await graph.press('Control+y');
    await expectLabels(graph, fused);
    await expectDirty('a.onnx', true);
  });

  it('refuses an impossible fuse with its reason', async () => {
    const graph = await graphOf();
    await graph.clickEdge('ogemm', 'oprob');
    const refusal = graph.frame.locator('.refusal');
    await refusal.waitFor();
    expect(await refusal.innerText()).toMatch(/no kernel for Gemm .* and Softmax/);
    await workbench.screenshot('refused');
    await expectLabels(graph, fused);
  });

  it('makes an operator a seed', async () => {
    const graph = await graphOf();
    await graph.clickNode('ogemm');
    await graph.press('s');
    const overrides = graph.frame.locator('.panel');
    await expect.poll(() => overrides.innerText()).toMatch(/\(a seed\)/);
    await graph.press('Control+s');
    await expectDirty('a.onnx', false);
    const saved = JSON.parse(readFileSync(sidecar('a.onnx'), 'utf8')) as {
      overrides: { kind: string; op?: { id: string; type: string } }[];
    };
    expect(saved.overrides.map(({ kind }) => kind)).toEqual(['fuse', 'seed']);
    expect(saved.overrides[1]?.op).toMatchObject({ id: 'gemm', type: 'Gemm' });
    expect(readFileSync(join(workbench.folder, 'a.onnx')).equals(tinyModel())).toBe(true);
  });

  it('shows the saved plan when it is opened again', async () => {
    await workbench.runCommand('View: Close Editor');
    await expect.poll(() => workbench.tab('a.onnx').count()).toBe(0);
    await workbench.statusItem('Fusion Studio').waitFor();
    const graph = await open('a.onnx');
    await expectLabels(graph, fused);
    await expectDirty('a.onnx', false);
  });

  it('brings a hidden tab back as it was', async () => {
    const graph = await open('hidden.onnx');
    await graph.clickNode('brelu1', { double: true });
    await expect.poll(() => graph.labels()).toContain('Sigmoid');
    await graph.clickNode('oconv2');
    // The page saves where it is when it rests.
    await workbench.page.waitForTimeout(1000);
    const labels = await graph.labels();
    const before = await graph.placeOf('oconv2');
    await openFile('notes.txt');
    await workbench.tab('hidden.onnx').first().click();
    const again = await graphOf();
    await expectLabels(again, labels);
    await expect.poll(() => again.placeOf('oconv2')).toEqual(before);
    expect(await again.frame.locator('.panel').innerText()).toContain('conv2_node');
  });

  it('follows the plan file on disk while it is clean', async () => {
    const graph = await open('watched.onnx');
    await expectLabels(graph, planned);
    const file = sidecar('watched.onnx');
    writeFileSync(file, '{"version":1,"overrides":[{"kind":"cut","a":"relu1","b":"conv2"}]}');
    await expectLabels(graph, ['Conv', 'Relu', 'Conv + Sigmoid', ...planned.slice(2)]);
    rmSync(file);
    await expectLabels(graph, planned);
    await expectDirty('watched.onnx', false);
  });

  it('asks when the plan file changes under unsaved edits: Revert, Overwrite', async () => {
    const graph = await open('conflict.onnx');
    const file = sidecar('conflict.onnx');
    const foreign = '{"version":1}';
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    writeFileSync(file, foreign);
    const toast = workbench.toast('was changed on disk');
    await toast.first().waitFor();
    await workbench.screenshot('conflict');
    await toast.getByText('Revert', { exact: true }).click();
    await expectLabels(graph, planned);
    await expectDirty('conflict.onnx', false);
    expect(readFileSync(file, 'utf8')).toBe(foreign);

    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    writeFileSync(file, '{"version":1,"planner":"none"}');
    await toast.first().waitFor();
    await toast.getByText('Overwrite', { exact: true }).click();
    await expectDirty('conflict.onnx', false);
    await expectLabels(graph, fused);
    expect(readFileSync(file, 'utf8')).toContain('"fuse"');
  });

  it('keeps split editors in step', async () => {
    const only = await open('split.onnx');
    await only.clickEdge('opool', 'oflat');
    await expectLabels(only, fused);
    await workbench.runCommand('View: Split Editor Right');
    await expect.poll(() => workbench.page.locator('iframe.webview.ready:visible').count()).toBe(2);
    const left = await graphOf(0);
    const right = await graphOf(1);
    await expectLabels(right, fused);
    await right.press('Control+z');
    await expectLabels(left, planned);
    await expectLabels(right, planned);
    await workbench.screenshot('split');
    await left.press('Control+y');
    await expectLabels(right, fused);
    await workbench.runCommand('View: Join All Editor Groups');
    await expect.poll(() => workbench.page.locator('iframe.webview.ready:visible').count()).toBe(1);
  });

  it('walks the tree and the graph together', async () => {
    const graph = await open('tree.onnx');
    await expectLabels(graph, planned);
    await workbench.page.locator('.activitybar [aria-label*="Fusion Studio"]').first().click();
    const rows = workbench.page.locator('.pane-body .monaco-list-row');
    const pool = rows.filter({ hasText: 'GlobalAveragePool' });
    await pool.first().waitFor();
    await pool.first().click();
    await expect.poll(() => graph.frame.locator('.panel').innerText()).toMatch(/GlobalAv/);
    await graph.clickNode('oprob');
    await workbench.page
      .locator('.pane-body .monaco-list-row.selected')
      .filter({ hasText: 'Softmax' })
      .first()
      .waitFor();
    await workbench.screenshot('tree');
    await workbench.runCommand('View: Show Explorer');
  });

  it('brings unsaved edits back after the window was closed', async () => {
    const graph = await open('backup.onnx');
    await expectLabels(graph, planned);
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    // In a browser, VS Code writes backups a second after the last edit, and which tab has one every five.
    await workbench.page.waitForTimeout(8000);
    await workbench.load();
    await workbench.tab('backup.onnx').first().click();
    const again = await graphOf();
    await expectLabels(again, fused);
    await expectDirty('backup.onnx', true);
    expect(existsSync(sidecar('backup.onnx'))).toBe(false);
    await again.press('Control+s');
    await expectDirty('backup.onnx', false);
    expect(readFileSync(sidecar('backup.onnx'), 'utf8')).toContain('"fuse"');
  });

  it('says what is wrong with a truncated file, in the page and in Problems', async () => {
    await openFile('broken.onnx');
    const frame = await workbench.webview();
    const message = frame.locator('.error-message');
    await message.waitFor();
    expect(await message.innerText()).toMatch(/truncated|ends|cut/i);
    await workbench.screenshot('truncated');
    await workbench.runCommand('Problems: Focus on Problems View');
    await workbench.page.locator('.markers-panel').getByText('broken.onnx').first().waitFor();
    await workbench.runCommand('View: Hide Panel').catch(() => undefined);
  });

  it('leaves a plan of a newer version alone', async () => {
    const graph = await open('locked.onnx');
    await expectLabels(graph, planned);
    await workbench.toast('version 99').first().waitFor();
    await graph.clickEdge('opool', 'oflat');
    await expect
      .poll(() => graph.frame.locator('body').innerText())
      .toMatch(/Read-only: .*version 99/);
    await expectLabels(graph, planned);
    await expectDirty('locked.onnx', false);
    expect(readFileSync(sidecar('locked.onnx'), 'utf8')).toBe('{"version": 99}');
  });

  it('saves a copy with its weights and its plan, and goes on with the copy', async () => {
    const graph = await open('apart.onnx');
    await expectLabels(graph, planned);
    await graph.clickEdge('opool', 'oflat');
    await expectLabels(graph, fused);
    await workbench.runCommand('File: Save As...');
    const destination = join(workbench.folder, 'copies/copy.onnx');
    await workbench.answerFileDialog(
      destination,
      async () => (await workbench.tab('copy.onnx').count()) > 0,
    );
    await expectLabels(await graphOf(), fused);
    await expectDirty('copy.onnx', false);
    const copies = join(workbench.folder, 'copies');
    const model = readFileSync(join(copies, 'copy.onnx'));
    expect(model.equals(tinyModel({ external: true }))).toBe(true);
    expect(readFileSync(join(copies, externalFile)).equals(externalWeights)).toBe(true);
    expect(readFileSync(join(copies, 'copy.onnx.fusion.json'), 'utf8')).toContain('"fuse"');
    expect(existsSync(sidecar('apart.onnx'))).toBe(false);
  });

  it('had a clean console all the time', () => {
    const provoked = [
      /has version 99/,
      // The workbench's own, when its page is loaded again.
      /\[lifecycle\] Long running operations during shutdown/,
      /IndexedDB database 'vscode-web-db' is closed/,
      // Its own as well: saving calls off a backup that is being written.
      /Canceled: Canceled[^]*doClearPendingBackupOperation/,
    ];
    const unexpected = workbench.errors
      .all()
      .filter((error) => !provoked.some((pattern) => pattern.test(error)));
    expect(unexpected).toEqual([]);
  });
});
