// Rewriting and planners in the editor: what rules did and what they save, before and after, switches that replan at once,
// two plans beside each other, and what is exported.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PLANNERS } from '../../compiler/fusion/plan.ts';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';
import { readPng } from './support/readPng.ts';
import { transformerModel } from './support/transformerModel.ts';

/** `fusion-studio compare-planners` says the same of this model. */
const OPERATORS = { file: 28, rewritten: 11, noIdentities: 27, oneNorm: 19, fast: 9 } as const;

let workbench: Workbench;
let graph: GraphPage;

function section(title: string): Locator {
  return graph.frame
    .locator('.panel .section')
    .filter({ has: graph.frame.locator('summary', { hasText: title }) })
    .first();
}

async function unfold(details: Locator): Promise<void> {
  if (!(await details.evaluate((box) => (box as HTMLDetailsElement).open))) {
    await details.locator('summary').first().click();
  }
}

function rule(title: string): Locator {
  return graph.frame.locator('.panel details.rule', { hasText: title });
}

function checkbox(within: Locator, label: string): Locator {
  return within.locator('vscode-checkbox').filter({ hasText: label }).first();
}

/** Of the one application that rewriting made of `name`. */
function application(name: string): Locator {
  return graph.frame.getByRole('checkbox', { name: `Apply at ${name}`, exact: true });
}

/** Operators in the toolbar's summary: another graph is another number. */
function expectOperators(count: number): Promise<void> {
  return expect
    .poll(() => graph.frame.locator('.fact .value').first().innerText(), { timeout: 15_000 })
    .toBe(String(count));
}

function expectApplied(count: number): Promise<void> {
  return expect
    .poll(() => section('Rewrites').locator('summary').first().innerText())
    .toMatch(new RegExp(`^Rewrites \\(${count}\\)$`, 'i'));
}

/** Turns a switch, sees the graph change at once, and takes it back with the keyboard. */
async function switchAndUndo(control: Locator, operators: number): Promise<void> {
  await control.click();
  await expectOperators(operators);
  await graph.press('Control+z');
  await expectOperators(OPERATORS.rewritten);
}

function marked(): Promise<string[]> {
  return graph.withClass('rewritten');
}

/** Saves by the workbench's own file dialog and waits for the file. */
async function saveAs(path: string): Promise<void> {
  await workbench.answerFileDialog(path, () => existsSync(path));
}

/** Types a name that stands for `ln1` into the search and goes there. */
async function find(name: string): Promise<void> {
  await graph.press('/');
  const box = graph.frame.locator('.search');
  // Keys that come before the focus go to the graph. The field selects its text itself: the workbench answers Control+a
  // by a message, which can come when half of the name is typed.
  await box.locator('input:focus').waitFor();
  await workbench.page.keyboard.type(name);
  await expect.poll(() => box.innerText()).toMatch(/^1( |$)/);
  await workbench.page.keyboard.press('Enter');
  await expect.poll(() => section('Selection').innerText()).toMatch(/name\s+ln1_node/);
  await workbench.page.keyboard.press('Escape');
}

/** `none` to `extended`, once for each graph: [name, blocks, bytes between, time]. */
function plannerRows(): Promise<string[][]> {
  return section('Planners')
    .locator('tbody tr:not(:first-child)')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
    );
}

describe('rewriting in the editor', () => {
  beforeAll(async () => {
    workbench = await openWorkbench({
      files: { 'layer.onnx': transformerModel() },
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
    await workbench.openFile('layer.onnx');
    graph = new GraphPage(await workbench.webview());
  });
  afterAll(() => workbench.close());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench.screenshot(`failed-${task.name}`);
  });

  it('lists what was rewritten by rule, with what it saves', async () => {
    await expectOperators(OPERATORS.rewritten);
    await unfold(section('Rewrites'));
    await expectApplied(3);
    const text = await section('Rewrites').innerText();
    expect(text).toMatch(/operators\s+28 → 11 \(−61 %\)/);
    const groups = await graph.frame.locator('.panel details.rule > summary').allInnerTexts();
    expect(groups).toEqual([
      expect.stringMatching(/Scale before product \(1\)\s*linear\s*saves 1 operator, 2\.05 kB/),
      expect.stringMatching(/Layer normalisation \(2\)\s*identity\s*saves 16 operators/),
      expect.stringMatching(/Product of roots \(0\)\s*associative\s*needs fast math; would save/),
    ]);
  });

  it('shows before and after of an application, and marks it on the graph', async () => {
    expect(await marked()).toEqual([]);
    await unfold(rule('Layer normalisation'));
    await rule('Layer normalisation').locator('.link', { hasText: 'ln2' }).click();
    const sketches = rule('Layer normalisation').locator('.sketch');
    await expect.poll(() => sketches.count()).toBe(2);
    const labels = (at: number): Promise<string[]> =>
      sketches.nth(at).locator('.sketch-node.operator text').allTextContents();
    expect((await labels(0)).toSorted()).toEqual(
      ['Add', 'Add', 'Div', 'Mul', 'Pow', 'ReduceMean', 'ReduceMean', 'Sqrt', 'Sub'].toSorted(),
    );
    expect(await labels(1)).toEqual(['LayerNorm']);
    const [before, after] = await Promise.all([
      sketches.nth(0).boundingBox(),
      sketches.nth(1).boundingBox(),
    ]);
    expect(after!.x).toBeGreaterThanOrEqual(before!.x + before!.width);
    expect(after!.y).toBe(before!.y);
    await expect.poll(marked).toEqual(['oln2']);
    await checkbox(section('Rewrites'), 'Mark on the graph').click();
    await expect.poll(async () => (await marked()).length).toBeGreaterThan(2);
    await workbench.screenshot('rewrites-dark');
    await checkbox(section('Rewrites'), 'Mark on the graph').click();
    await expect.poll(marked).toEqual(['oln2']);
  });

  it('finds a rewritten operator by a name that only the file knows', async () => {
    await find('variance1_node');
    expect(await section('Selection').innerText()).toContain('LayerNormalization');
  });

  it('switches off one application, one rule, one class, fast math on: each a step to undo', async () => {
    await unfold(rule('Layer normalisation'));
    await switchAndUndo(application('ln1'), OPERATORS.oneNorm);
    await unfold(rule('Layer normalisation'));
    await switchAndUndo(checkbox(rule('Layer normalisation'), 'This rule'), OPERATORS.noIdentities);
    await switchAndUndo(
      checkbox(rule('Layer normalisation'), 'All identity rules'),
      OPERATORS.noIdentities,
    );
    await switchAndUndo(checkbox(section('Rewrites'), 'Fast math'), OPERATORS.fast);
    await switchAndUndo(
      checkbox(section('Rewrites'), 'Rewrite by mathematical properties'),
      OPERATORS.file,
    );
    await expectApplied(3);
  });

  it('takes the keyboard alone for a switch', async () => {
    const control = checkbox(section('Rewrites'), 'Fast math');
    await control.focus();
    await workbench.page.keyboard.press('Space');
    await expectOperators(OPERATORS.fast);
    // The panel was filled again; the keyboard is still where it was.
    await expect.poll(() => control.evaluate((box) => box === document.activeElement)).toBe(true);
    await workbench.page.keyboard.press('Space');
    await expectOperators(OPERATORS.rewritten);
  });

  it('saves the switches with the plan, and they are back when it is opened again', async () => {
    await unfold(rule('Layer normalisation'));
    await application('ln1').click();
    await expectOperators(OPERATORS.oneNorm);
    await graph.press('Control+s');
    const file = join(workbench.folder, 'layer.onnx.fusion.json');
    await expect.poll(() => existsSync(file)).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      rewrite: { offApplications: ['layer-normalisation@ln1'] },
    });
    await workbench.runCommand('View: Close Editor');
    await expect.poll(() => workbench.tab('layer.onnx').count()).toBe(0);
    await workbench.openFile('layer.onnx');
    graph = new GraphPage(await workbench.webview());
    await expectOperators(OPERATORS.oneNorm);
    await unfold(section('Rewrites'));
    await unfold(rule('Layer normalisation'));
    await application('ln1').click();
    await expectOperators(OPERATORS.rewritten);
  });

  it('compares all planners on both graphs', async () => {
    await workbench.runCommand('Fusion Studio: Compare Planners');
    await expect.poll(async () => (await plannerRows()).length).toBe(8);
    const rows = await plannerRows();
    const names = rows.map(([name]) => name!.replace(/edited|beside/, ''));
    expect(names).toEqual([...new Set(names), ...new Set(names)]);
    expect(new Set(names)).toEqual(new Set(PLANNERS));
    const row = (name: string, from: number): string[] =>
      rows.find(([cell], at) => at >= from && cell!.startsWith(name))!;
    expect(row('none', 0).slice(1)).toEqual(['28', '9.60 kB', '–']);
    expect(row('none', 4).slice(1)).toEqual(['11', '6.40 kB', '–']);
    expect(Number(row('dnnfusion', 4)[1])).toBeLessThan(Number(row('dnnfusion', 0)[1]));
    expect(row('dnnfusion', 4)[0]).toBe('dnnfusionedited');
    const groups = await section('Planners').locator('th.group').allInnerTexts();
    expect(groups).toEqual([
      expect.stringMatching(/As in the file\s*28 operators · 18\.8 KFLOPs/),
      expect.stringMatching(/Rewritten\s*11 operators · 18\.5 KFLOPs/),
    ]);
  });

  it('draws another plan beside, and what is selected in one is shown in the other', async () => {
    await section('Planners').locator('[aria-label="none, not rewritten"]').click();
    const beside = new GraphPage(graph.frame, '.beside .graph');
    await expect.poll(() => beside.labels().catch(() => []), { timeout: 15_000 }).toContain('Erf');
    expect(await graph.frame.locator('.beside header').innerText()).toMatch(/28 blocks, 28 op/);
    // What is selected on the left is in sight on the right.
    await find('variance1_node');
    await expect.poll(() => beside.withClass('selected')).toEqual(['oln1']);
    await beside.clickNode('odeviation1');
    await expect.poll(() => beside.withClass('selected')).toEqual(['odeviation1']);
    await expect.poll(() => graph.withClass('selected')).toEqual(['oln1']);
    expect(await graph.frame.locator('.stage > .progress').isVisible()).toBe(false);
    await workbench.screenshot('planners-beside-dark');
    await graph.frame.locator('vscode-button[aria-label="Close the graph beside"]').click();
    await expect.poll(() => graph.frame.locator('.beside').isVisible()).toBe(false);
  });

  it('measures every planner, one after the other', async () => {
    await section('Planners').locator('vscode-button', { hasText: 'Measure all' }).click();
    await expect
      .poll(async () => (await plannerRows()).every((row) => /^[\d.]+ (ms|µs)$/.test(row[3]!)), {
        timeout: 150_000,
        interval: 500,
      })
      .toBe(true);
    await workbench.screenshot('planners-measured-dark');
  });

  it('copies the table as CSV and as Markdown', async () => {
    const pasted = async (what: string): Promise<string> => {
      await section('Planners').locator('vscode-button', { hasText: what }).click();
      await graph.frame.getByText('Copied.').first().waitFor();
      await workbench.runCommand('File: New Untitled Text File');
      await workbench.page.locator('.editor-instance .view-lines').last().click();
      await workbench.page.keyboard.press('Control+v');
      const lines = workbench.page.locator('.editor-instance .view-lines').last();
      await expect.poll(() => lines.innerText()).toMatch(/extended/);
      const text = (await lines.innerText()).replaceAll('\u00a0', ' ');
      await workbench.tab('layer.onnx').first().click();
      graph = new GraphPage(await workbench.webview());
      return text;
    };
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    expect(await pasted('CSV')).toMatch(/none,off,28,28,18768,\d+,[\d.]+/);
    await workbench.runCommand('Fusion Studio: Compare Planners');
    await expect.poll(async () => (await plannerRows()).length).toBe(8);
    expect(await pasted('Markdown')).toMatch(/\| none \| on \| 11 \| 11 \|/);
  });

  it('exports the rewritten model, and the graph as SVG', async () => {
    const at = (name: string): string => join(workbench.folder, name);
    await workbench.runCommand('Fusion Studio: Export Rewritten Model');
    await saveAs(at('out.onnx'));
    await workbench.toast('The rewritten model is written').waitFor();
    const model = onnx.ModelProto.decode(readFileSync(at('out.onnx')));
    expect(model.graph?.node?.length).toBe(OPERATORS.rewritten);
    expect(model.graph?.node?.map(({ opType }) => opType)).toContain('LayerNormalization');
    await workbench.runCommand('Fusion Studio: Export Graph as SVG');
    await saveAs(at('out.svg'));
    // The file is there before what is in it.
    await expect
      .poll(() => readFileSync(at('out.svg'), 'utf8'), { timeout: 15_000 })
      .toMatch(/^<svg[\s\S]*LayerNorm[\s\S]*<\/svg>\s*$/);
  });

  it('exports the graph as PNG: the same picture, twice as dense', async () => {
    const svg = readFileSync(join(workbench.folder, 'out.svg'), 'utf8');
    const [width, height] = ['width', 'height'].map((side) =>
      Number(new RegExp(`^<svg[^>]* ${side}="([\\d.]+)`).exec(svg)?.[1]),
    );
    const path = join(workbench.folder, 'out.png');
    await workbench.runCommand('Fusion Studio: Export Graph as PNG');
    await saveAs(path);
    await graph.frame.getByText('The picture is saved.').first().waitFor();
    const picture = readPng(readFileSync(path));
    expect(picture.width).toBe(Math.floor(2 * width!));
    expect(picture.height).toBe(Math.floor(2 * height!));
    // Boxes in the colours of mapping types, and text: no empty sheet.
    expect(picture.colours).toBeGreaterThan(20);
  });

  it('had a clean console all the time', () => {
    expect(workbench.errors.all()).toEqual([]);
  });
});
