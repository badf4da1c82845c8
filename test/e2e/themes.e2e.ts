// Pictures of the editor in every kind of theme, with a small and a huge model, to be looked at by people; and what
// a machine can judge of them: the page follows the theme, and the console stays clean.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { swinModel } from '../bench/swinModel.ts';
import { root } from '../setup/command.mjs';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';

describe('the editor in every theme', () => {
  let workbench: Workbench;

  beforeAll(async () => {
    workbench = await openWorkbench({
      files: {
        'text-direction.onnx': readFileSync(join(root, 'media/samples/text-direction.onnx')),
        'swin.onnx': swinModel(),
      },
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
  });
  afterAll(() => workbench.close());

  for (const name of ['text-direction', 'swin']) {
    it(`draws ${name}`, async () => {
      await workbench.openFile(`${name}.onnx`);
      const graph = new GraphPage(await workbench.webview());
      await expect.poll(() => graph.labels().catch(() => []), { timeout: 30_000 }).not.toEqual([]);
      await graph.press('Home');
    });

    it.each([
      ['Light Modern', 'vscode-light'],
      ['Dark High Contrast', 'vscode-high-contrast'],
      ['Light High Contrast', 'vscode-high-contrast-light'],
      ['Dark Modern', 'vscode-dark'],
    ] as const)(`shows ${name} in %s`, async (theme, bodyClass) => {
      await workbench.setTheme(theme);
      const body = (await workbench.webview()).locator('body');
      await expect.poll(() => body.getAttribute('class')).toContain(bodyClass);
      // The picture follows a few frames later.
      await workbench.page.waitForTimeout(500);
      await workbench.screenshot(`${name}-${theme}`);
    });
  }

  it('had a clean console all the time', () => {
    expect(workbench.errors.all()).toEqual([]);
  });
});
