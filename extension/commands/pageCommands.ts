/** Commands that the page does on its own selection: the host only passes them on. */
import * as vscode from 'vscode';
import type { PageCommand } from '../../compiler/protocol.ts';
import { PAGE_COMMANDS } from '../../compiler/protocol.ts';
import type { OpenModels } from '../openModels.ts';

export function registerPageCommands(models: OpenModels): vscode.Disposable {
  const send = (command: PageCommand): void => {
    const panel = models.current;
    if (!panel) return;
    // From the palette or the tree, the keyboard belongs back to the graph.
    panel.panel.reveal(undefined, false);
    panel.notify('host/command', { command });
  };
  return vscode.Disposable.from(
    ...PAGE_COMMANDS.map((command) =>
      vscode.commands.registerCommand(`fusionStudio.${command}`, () => send(command)),
    ),
  );
}
