/** Commands about measured times: comparing plans, planning for a device, the profile database as a file. */
import * as vscode from 'vscode';
import {
  defaultProfilePath,
  exportProfiles,
  openProfiles,
  readProfiles,
  updateProfiles,
} from '../../compiler/profile/profileDisk.ts';
import type { OpenModels } from '../openModels.ts';
import type { RunService } from '../runService.ts';

const JSON_FILES = { JSON: ['json'] };

export function registerDeviceCommands(models: OpenModels, runner: RunService): vscode.Disposable {
  const register = (name: string, run: () => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`fusionStudio.${name}`, run);
  return vscode.Disposable.from(
    register('comparePlans', async () => {
      const document = models.current?.document;
      if (document) await runner.comparePlans(document);
    }),
    register('planForDevice', async () => {
      const document = models.current?.document;
      if (document) await runner.planForDevice(document);
    }),
    register('exportProfiles', async () => {
      const target = await vscode.window.showSaveDialog({
        filters: JSON_FILES,
        title: 'Export measured times',
      });
      if (target)
        await told(
          async () => exportProfiles(await openProfiles(defaultProfilePath()), target.fsPath),
          'Measured times are exported.',
        );
    }),
    register('importProfiles', async () => {
      const [chosen] =
        (await vscode.window.showOpenDialog({
          filters: JSON_FILES,
          title: 'Import measured times',
        })) ?? [];
      if (!chosen) return;
      await told(async () => {
        const content = await readProfiles(chosen.fsPath);
        await updateProfiles((store) => store.merge(content), defaultProfilePath());
      }, 'Measured times are imported; "Plan for This Device" uses them.');
    }),
  );
}

async function told(work: () => Promise<unknown>, done: string): Promise<void> {
  try {
    await work();
    void vscode.window.showInformationMessage(done);
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}
