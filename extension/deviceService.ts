/** Phones that adb knows, live: for the picker and the *Devices* view. */
import * as vscode from 'vscode';
import type { TargetChoice } from '../compiler/protocol.ts';
import type { Log } from './log.ts';
import type { DeviceChoices } from './targetService.ts';

export class DeviceService implements DeviceChoices, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly log: Log) {
    this.log.debug('devices are looked for when they are shown');
  }

  choices(): readonly TargetChoice[] {
    return [];
  }

  dispose(): void {
    this.changed.dispose();
  }
}
