/**
 * Phones that adb knows, live: for the picker and the *Devices* view. Nothing is looked for before somebody asks, and nothing
 * in a workspace that is not trusted; what a device says of itself is asked once.
 */
import * as vscode from 'vscode';
import { AdbDevice } from '../compiler/device/device.ts';
import type { ListedDevice } from '../compiler/device/deviceList.ts';
import { DeviceError } from '../compiler/device/errors.ts';
import { readFacts } from '../compiler/device/facts.ts';
import type { DeviceFacts } from '../compiler/device/facts.ts';
import { clearDeviceCache } from '../compiler/device/files.ts';
import { trackDevices } from '../compiler/device/track.ts';
import type { TargetChoice } from '../compiler/protocol.ts';
import { deviceChoices } from '../compiler/run/deviceChoices.ts';
import type { Log } from './log.ts';
import { onDidChangeSettings, readSettings, untrustedFolders } from './settings.ts';
import type { DeviceChoices } from './targetService.ts';

const NOT_CONNECTED = 'Not connected. Connect it again, or choose another place to run.';

export interface KnownDevice {
  readonly listed: ListedDevice;
  readonly facts: DeviceFacts | undefined;
}

export class DeviceService implements DeviceChoices, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private tracking: { stop(): void } | undefined;
  private listed: readonly ListedDevice[] = [];
  private said: string | undefined;
  /** Whether the list is one: before the first answer nothing is known of any device. */
  private answered = false;
  /** By serial number, for as long as the device stays connected. */
  private readonly facts = new Map<string, DeviceFacts>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly log: Log) {
    this.disposables = [
      this.changed,
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()),
      onDidChangeSettings(() => {
        if (this.tracking) this.refresh();
      }),
      vscode.commands.registerCommand('fusionStudio.refreshDevices', () => this.refresh()),
    ];
  }

  /** Why there is no list: no adb, no server, another version. */
  get problem(): string | undefined {
    return this.said;
  }

  /** Known to be: asked, and none is there. */
  get isEmpty(): boolean {
    return this.answered && this.listed.length === 0;
  }

  devices(): readonly KnownDevice[] {
    this.start();
    return this.listed.map((listed) => ({ listed, facts: this.facts.get(listed.serial) }));
  }

  choices(): readonly TargetChoice[] {
    return this.devices().flatMap(({ listed, facts }) => deviceChoices(listed, facts));
  }

  obstacleOf(serial: string): string | undefined {
    if (!this.answered) return undefined;
    const listed = this.listed.find((device) => device.serial === serial);
    if (listed) return listed.state === 'device' ? undefined : listed.advice;
    return this.said ?? NOT_CONNECTED;
  }

  refresh(): void {
    this.tracking?.stop();
    this.tracking = undefined;
    this.answered = false;
    this.facts.clear();
    this.start();
  }

  /** Throws DeviceError. */
  async clearCache(serial: string): Promise<void> {
    await clearDeviceCache(await AdbDevice.open(serial, this.settings()));
  }

  dispose(): void {
    this.tracking?.stop();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private start(): void {
    if (this.tracking || !vscode.workspace.isTrusted) return;
    this.tracking = trackDevices(this.settings(), ({ devices, problem }) => {
      this.listed = devices;
      this.said = problem?.message;
      this.answered = true;
      if (problem) this.log.info(`devices: ${problem.message}`);
      const present = new Set(devices.map(({ serial }) => serial));
      for (const serial of this.facts.keys()) if (!present.has(serial)) this.facts.delete(serial);
      this.changed.fire();
      for (const { serial, state } of devices) if (state === 'device') void this.ask(serial);
    });
  }

  private async ask(serial: string): Promise<void> {
    if (this.facts.has(serial)) return;
    try {
      this.facts.set(serial, await readFacts(await AdbDevice.open(serial, this.settings())));
      this.changed.fire();
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.log.info(`device ${serial}: ${error.message}`);
    }
  }

  private settings() {
    const { adb, server } = readSettings().device;
    return {
      ...(adb === '' ? {} : { adb }),
      ...(server === '' ? {} : { server }),
      untrusted: untrustedFolders(),
    };
  }
}
