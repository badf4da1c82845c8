// The harness itself, shown on a probe extension: so that a failing feature spec means a failing feature.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startStudio } from './harness/studio.ts';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';

describe('the end-to-end harness', () => {
  let workbench: Workbench;

  beforeAll(async () => {
    workbench = await openWorkbench({ files: { 'a.probe': 'x' }, ready: 'Probe ready' });
  });
  afterAll(() => workbench.close());

  it('opens a custom editor from the explorer, clicks in it and runs a command', async () => {
    await workbench.openFile('a.probe');
    const frame = await workbench.webview();
    const button = frame.locator('#count');
    await button.click();
    expect(await button.textContent()).toBe('1');

    await workbench.runCommand('Probe: Add Ten');
    await expect.poll(() => button.textContent()).toBe('11');
    await workbench.toast('Probe added ten').first().waitFor();
  });

  it.each([
    ['Light Modern', 'vscode-light'],
    ['Dark High Contrast', 'vscode-high-contrast'],
    ['Dark Modern', 'vscode-dark'],
  ] as const)('switches the theme, which the webview follows: %s', async (theme, bodyClass) => {
    await workbench.setTheme(theme);
    await workbench.screenshot(`harness-${theme}`);
    const body = (await workbench.webview()).locator('body');
    await expect.poll(() => body.getAttribute('class')).toBe(bodyClass);
  });

  it('sees errors of a webview in the console, and none otherwise', async () => {
    expect(workbench.errors.all()).toEqual([]);
    await (await workbench.webview()).evaluate(() => console.error('seen from inside'));
    await expect.poll(() => workbench.errors.all().join()).toContain('seen from inside');
    workbench.errors.clear();
  });

  it('opens the page of the command line, and leaves no process behind', async () => {
    const model = join(inject('endToEnd').scratch, 'sample.onnx');
    copyFileSync(new URL('../../media/samples/text-direction.onnx', import.meta.url), model);
    const studio = await startStudio(model);
    const graph = new GraphPage(studio.page.mainFrame());
    await expect
      .poll(async () => (await graph.labels().catch(() => [])).length, { timeout: 10_000 })
      .toBeGreaterThan(0);
    await studio.screenshot('harness-studio');
    expect(studio.errors.all()).toEqual([]);
    expect(await studio.close()).toEqual([]);
  });
});
