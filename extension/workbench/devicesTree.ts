/**
 * The *Devices* view: this computer and every phone that adb knows, as they come and go, with what each is and, where it
 * cannot be used, what to do.
 */
import * as vscode from 'vscode';
import { processorLine } from '../../compiler/run/deviceChoices.ts';
import { listTargets } from '../../compiler/run/listTargets.ts';
import type { RunTarget } from '../../compiler/run/runProtocol.ts';
import { deviceOf } from '../../compiler/run/runProtocol.ts';
import { listToolchains } from '../../compiler/run/toolchains/deviceToolchain.ts';
import type { TargetChoice } from '../../compiler/protocol.ts';
import type { DeviceService, KnownDevice } from '../deviceService.ts';
import { readSettings, untrustedFolders } from '../settings.ts';
import type { TargetService } from '../targetService.ts';

const NO_DEVICE =
  'No phone is connected. Connect one with USB debugging on, or start an emulator: it appears here by itself.';

type Node =
  | { readonly kind: 'place'; readonly choice: TargetChoice; readonly serial?: string }
  | { readonly kind: 'device'; readonly device: KnownDevice }
  /** The chosen device, which is away. */
  | { readonly kind: 'lost'; readonly label: string; readonly obstacle: string }
  | { readonly kind: 'fact'; readonly name: string; readonly text: string };

export function registerDevicesTree(
  devices: DeviceService,
  targets: TargetService,
): vscode.Disposable {
  const tree = new DevicesTree(devices, targets);
  const register = (name: string, run: (node?: Node) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`fusionStudio.${name}`, run);
  return vscode.Disposable.from(
    tree,
    register('runOnThisDevice', async (node) => {
      const target = node && targetOf(node);
      if (!target) return;
      await targets.set(target);
      await vscode.commands.executeCommand('fusionStudio.run');
    }),
    register('clearDeviceCache', async (node) => {
      if (node?.kind !== 'device') return;
      const { serial, name } = node.device.listed;
      try {
        await devices.clearCache(serial);
        void vscode.window.showInformationMessage(`The cache of ${name} is empty.`);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        void vscode.window.showErrorMessage(text);
      }
    }),
    register('showToolchains', showToolchains),
  );
}

class DevicesTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly devices: DeviceService,
    private readonly targets: TargetService,
  ) {
    this.view = vscode.window.createTreeView('fusionStudio.devices', { treeDataProvider: this });
    this.disposables = [
      this.changed,
      this.view,
      devices.onDidChange(() => this.refresh()),
      targets.onDidChange(() => this.refresh()),
    ];
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node?.kind === 'device') return factsOf(node.device);
    if (node) return [];
    const devices = this.devices.devices();
    this.tellProblem();
    const here = vscode.workspace.isTrusted
      ? await listTargets({
          compiler: readSettings().run.compiler || undefined,
          untrusted: untrustedFolders(),
        })
      : [];
    return [
      ...here.map((choice): Node => ({ kind: 'place', choice })),
      ...devices.map((device): Node => ({ kind: 'device', device })),
      ...this.lost(devices),
    ];
  }

  /** A device stays in the list while it is the chosen place, so that it can be seen what happened to it. */
  private lost(devices: readonly KnownDevice[]): Node[] {
    const { target, label, obstacle } = this.targets.chosen;
    const serial = deviceOf(target)?.serial;
    const isListed = devices.some(({ listed }) => listed.serial === serial);
    return obstacle === undefined || isListed ? [] : [{ kind: 'lost', label, obstacle }];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node.kind === 'fact') {
      const item = new vscode.TreeItem(node.name);
      item.description = node.text;
      item.tooltip = `${node.name}: ${node.text}`;
      return item;
    }
    if (node.kind === 'lost') {
      const item = new vscode.TreeItem(node.label);
      item.description = 'runs here; not connected';
      item.tooltip = node.obstacle;
      item.iconPath = new vscode.ThemeIcon('debug-disconnect');
      item.contextValue = 'place.lost';
      item.accessibilityInformation = { label: `${node.label}: ${node.obstacle}` };
      return item;
    }
    const { current } = this.targets;
    if (node.kind === 'place') {
      const { label, detail, available, target } = node.choice;
      const item = new vscode.TreeItem(label);
      item.description = `${target === current ? 'runs here; ' : ''}${detail}`;
      item.tooltip = detail;
      item.iconPath = new vscode.ThemeIcon(available ? 'device-desktop' : 'circle-slash');
      item.contextValue = available ? 'place.ready' : 'place';
      return item;
    }
    const { listed, facts } = node.device;
    const ready = listed.state === 'device';
    const item = new vscode.TreeItem(
      facts?.name ?? listed.name,
      facts ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    const isCurrent = current === `adb:${listed.serial}` || current === `adb:${listed.serial}/gpu`;
    const state = ready ? listed.serial : `${listed.said}: ${listed.advice ?? ''}`;
    item.id = `device ${listed.serial}`;
    item.description = `${isCurrent ? 'runs here; ' : ''}${state}`;
    item.tooltip = facts ? processorLine(listed.serial, facts) : state;
    item.iconPath = new vscode.ThemeIcon(ready ? 'device-mobile' : 'warning');
    item.contextValue = ready ? 'place.ready.device' : 'place.device';
    item.accessibilityInformation = { label: `${item.label as string}: ${item.tooltip}` };
    return item;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private refresh(): void {
    this.tellProblem();
    this.changed.fire();
  }

  private tellProblem(): void {
    const { problem, isEmpty } = this.devices;
    // In a workspace that is not trusted the view is empty and says so itself (package.json, viewsWelcome).
    const { label, obstacle } = this.targets.chosen;
    const lost = obstacle === undefined ? undefined : `${label}: ${obstacle}`;
    this.view.message = lost ?? problem ?? (isEmpty ? NO_DEVICE : undefined);
  }
}

function factsOf({ listed, facts }: KnownDevice): Node[] {
  if (!facts) return [];
  const fact = (name: string, text: string): Node[] =>
    text === '' ? [] : [{ kind: 'fact', name, text }];
  return [
    ...fact('Serial number', listed.serial),
    ...fact('SoC', facts.soc),
    ...fact('ABI', facts.abis.join(', ')),
    ...fact('Android', `${facts.android}${facts.api > 0 ? ` (API ${facts.api})` : ''}`),
    ...fact(
      'Processors',
      processorLine('', facts)
        .split(', ')
        .slice(-facts.clusters.length || -1)
        .join(', '),
    ),
    ...fact('Memory', facts.memoryBytes > 0 ? `${(facts.memoryBytes / 1e9).toFixed(1)} GB` : ''),
    ...fact('GPU', facts.gpu),
    ...fact(
      'OpenCL',
      facts.openclLibraries[0] ?? 'none: a normal state, the processor can be used',
    ),
  ];
}

function targetOf(node: Node): RunTarget | undefined {
  if (node.kind === 'place') return node.choice.target;
  return node.kind === 'device' ? `adb:${node.device.listed.serial}` : undefined;
}

/** Which compiler would build for which kind of device, and what to install where there is none. */
async function showToolchains(): Promise<void> {
  if (!vscode.workspace.isTrusted) return;
  const { ndk } = readSettings().device;
  const found = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'Looking for compilers' },
    () => listToolchains({ ...(ndk === '' ? {} : { ndk }), untrusted: untrustedFolders() }),
  );
  const items = found.map(({ abi, detail, compiler }) => ({
    label: `${compiler === undefined ? '$(circle-slash)' : '$(check)'} ${abi}`,
    detail,
  }));
  await vscode.window.showQuickPick(items, {
    placeHolder: 'Compilers for the processors of devices (setting: fusionStudio.device.ndk)',
  });
}
