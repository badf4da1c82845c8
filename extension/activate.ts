/** Entry of the extension: registrations, nothing else. The compiler starts when a model is opened. */
import type * as vscode from 'vscode';
import { registerDeviceCommands } from './commands/deviceCommands.ts';
import { registerExportCommands } from './commands/exportCommands.ts';
import { registerFileCommands } from './commands/fileCommands.ts';
import { registerPageCommands } from './commands/pageCommands.ts';
import { registerPlanCommands } from './commands/planCommands.ts';
import { CompilerService } from './compilerService.ts';
import { KernelDocuments } from './kernelDocuments.ts';
import { DeviceService } from './deviceService.ts';
import { createLog } from './log.ts';
import { registerModelEditor } from './modelEditorProvider.ts';
import type { EditorServices } from './modelEditorProvider.ts';
import { OpenModels } from './openModels.ts';
import { RunService } from './runService.ts';
import { TargetService } from './targetService.ts';
import { ViewStates } from './viewStates.ts';
import { registerBlocksTree } from './workbench/blocksTree.ts';
import { registerDevicesTree } from './workbench/devicesTree.ts';
import { registerProblems } from './workbench/problems.ts';
import { registerStatusBar } from './workbench/statusBar.ts';

export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri, globalStorageUri: storageUri } = context;
  const log = createLog();
  const compiler = new CompilerService(extensionUri, log);
  const models = new OpenModels();
  const viewStates = new ViewStates(context.workspaceState);
  const runner = new RunService(extensionUri, storageUri, models, log);
  const kernels = new KernelDocuments(models);
  const devices = new DeviceService(log);
  const targets = new TargetService(models, devices);
  const services: EditorServices = {
    extensionUri,
    storageUri,
    compiler,
    models,
    viewStates,
    log,
    runner,
    targets,
    kernels,
  };
  context.subscriptions.push(
    log,
    compiler,
    models,
    viewStates,
    kernels,
    devices,
    targets,
    registerModelEditor(services),
    registerPageCommands(models),
    registerPlanCommands(models),
    registerFileCommands(services),
    registerDeviceCommands(models, runner),
    registerExportCommands(models),
    registerBlocksTree(models),
    registerDevicesTree(devices, targets),
    registerProblems(models),
    registerStatusBar(models),
  );
}
