/**
 * Where *Run* goes: the chosen target is a setting of the user, the list is made when it is asked for, and every
 * document's runs are told.
 */
import * as vscode from 'vscode';
import { placeName } from '../compiler/client/placeNames.ts';
import type { ChosenTarget, EditResult, TargetChoice } from '../compiler/protocol.ts';
import { listTargets } from '../compiler/run/listTargets.ts';
import type { RunTarget } from '../compiler/run/runProtocol.ts';
import { deviceOf, parseRunTarget } from '../compiler/run/runProtocol.ts';
import type { OpenModels } from './openModels.ts';
import { onDidChangeSettings, readSettings, SECTION, untrustedFolders } from './settings.ts';

/** Phones; `workbench/devicesTree.ts` shows the same ones. */
export interface DeviceChoices {
  choices(): readonly TargetChoice[];
  /** Why a device cannot be used now, and what to do; undefined also where nothing is known yet. */
  obstacleOf(serial: string): string | undefined;
  readonly onDidChange: vscode.Event<void>;
}

type Item = vscode.QuickPickItem & { readonly choice?: TargetChoice };

export class TargetService implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** Another place was chosen. */
  readonly onDidChange = this.changed.event;
  /** What chosen devices were called when they were there. */
  private readonly labels = new Map<RunTarget, string>();
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly models: OpenModels,
    private readonly devices: DeviceChoices,
  ) {
    this.disposables = [
      this.changed,
      vscode.commands.registerCommand('fusionStudio.runOnDevice', () => this.runOnDevice()),
      vscode.commands.registerCommand('fusionStudio.chooseTarget', () => this.choose()),
      models.onDidChangeCurrent(() => this.tell()),
      onDidChangeSettings(() => this.tell()),
      devices.onDidChange(() => this.tell()),
    ];
  }

  get current(): RunTarget {
    return readSettings().run.target;
  }

  /** The current place, with what keeps a device from being one. */
  get chosen(): ChosenTarget {
    const { current } = this;
    const device = deviceOf(current);
    if (!device) return { target: current, label: placeName(current) };
    // Devices are looked for when one is meant.
    const known = this.devices.choices().find(({ target }) => target === current);
    if (known) this.labels.set(current, known.label);
    const label = known?.label ?? this.labels.get(current) ?? placeName(current);
    const obstacle = this.devices.obstacleOf(device.serial);
    return { target: current, label, ...(obstacle === undefined ? {} : { obstacle }) };
  }

  /** Asks the user; the list of devices is live while it is open. Undefined: nothing was chosen. */
  async choose(only: 'all' | 'devices' = 'all'): Promise<RunTarget | undefined> {
    const picker = vscode.window.createQuickPick<Item>();
    picker.placeholder = only === 'all' ? 'Run on' : 'Device to run on';
    picker.matchOnDetail = true;
    picker.busy = true;
    // Empty until this computer's places are known: they stand first, and rows must not move under the pointer.
    let here: readonly TargetChoice[] | undefined;
    let filled = '';
    const fill = (): void => {
      // Asked at once, so that devices are looked for meanwhile.
      const devices = this.devices.choices();
      if (!here) return;
      const items = this.items(here, devices);
      const now = JSON.stringify(items);
      if (now === filled) return;
      filled = now;
      const active = picker.activeItems[0]?.choice?.target;
      picker.items = items;
      const again = items.filter(({ choice }) => choice && choice.target === active);
      if (again.length > 0) picker.activeItems = again;
    };
    fill();
    const live = this.devices.onDidChange(fill);
    const listing =
      only === 'devices'
        ? Promise.resolve([])
        : listTargets({
            compiler: readSettings().run.compiler || undefined,
            untrusted: untrustedFolders(),
          });
    void listing
      .catch(() => [])
      .then((found) => {
        here = found;
        fill();
      })
      .finally(() => (picker.busy = false));
    const chosen = await new Promise<Item | undefined>((resolve) => {
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        if (item?.choice?.available !== false) resolve(item);
      });
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
    live.dispose();
    picker.dispose();
    this.models.giveKeyboardBack();
    if (!chosen?.choice) return undefined;
    await this.set(chosen.choice.target);
    return chosen.choice.target;
  }

  async set(target: string): Promise<EditResult> {
    const known = parseRunTarget(target);
    if (!known) return { ok: false, message: 'There is no such place to run.' };
    await vscode.workspace
      .getConfiguration(SECTION)
      .update('run.target', known, vscode.ConfigurationTarget.Global);
    this.tell();
    this.changed.fire();
    return { ok: true };
  }

  /** Documents say where their next run goes. */
  tell(): void {
    const { chosen } = this;
    for (const { runs } of this.models.documents) runs.choose(chosen);
  }

  /** Where the chosen place is a device already, there; else the user chooses one. */
  private async runOnDevice(): Promise<void> {
    const chosen = deviceOf(this.current) ? this.current : await this.choose('devices');
    if (chosen) await vscode.commands.executeCommand('fusionStudio.run');
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private items(here: readonly TargetChoice[], devices: readonly TargetChoice[]): Item[] {
    const { current } = this;
    const item = (choice: TargetChoice): Item => ({
      label: `${choice.available ? '' : '$(circle-slash) '}${choice.label}`,
      description: choice.target === current ? 'current' : '',
      detail: choice.detail,
      choice,
    });
    const line = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
    const none: Item = {
      label: '$(info) No device is connected',
      detail: 'Connect a phone with USB debugging on, or start an emulator.',
    };
    const computer = here.length > 0 ? [line('This computer'), ...here.map(item)] : [];
    return [...computer, line('Devices'), ...(devices.length > 0 ? devices.map(item) : [none])];
  }
}
