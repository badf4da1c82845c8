// Makes the README's picture; runs only when asked: E2E=readmePicture npm test -- e2e. Everything in it is real: the
// sample in the workbench, one block selected.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../setup/command.mjs';
import { openWorkbench } from '../harness/workbench.ts';
import { GraphPage } from '../support/graphPage.ts';

it('is taken', async () => {
  const name = 'text-direction.onnx';
  const workbench = await openWorkbench({
    files: { [name]: readFileSync(join(root, 'media/samples', name)) },
    settings: { 'files.autoSave': 'off', 'workbench.layoutControl.enabled': false },
  });
  await workbench.openFile(name);
  const graph = new GraphPage(await workbench.webview());
  await expect.poll(() => graph.labels().catch(() => []), { timeout: 30_000 }).not.toEqual([]);
  await workbench.runCommand('View: Toggle Primary Side Bar Visibility');
  await graph.press('Home');
  for (let i = 0; i < 6; i++) await graph.press('ArrowDown');
  await graph.press('e');
  await workbench.page.mouse.move(2, 2);
  await workbench.page.waitForTimeout(1500);
  // The harness's own extension is not part of the product.
  await workbench.page.addStyleTag({ content: '[id*="probe"] { display: none !important }' });
  copyFileSync(await workbench.screenshot('readme'), join(root, 'media/screenshot.png'));
  await workbench.close();
});
