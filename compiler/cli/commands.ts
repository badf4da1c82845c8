/** The commands of `fusion-studio`, in the order of the usage text. */
import type { Command } from './command.ts';
import { conformanceCommand } from './conformanceCommand.ts';
import { emitCommand } from './emitCommand.ts';
import { openCommand } from './openCommand.ts';
import { planCommand } from './planCommand.ts';
import { runCommand } from './runCommand.ts';

export const COMMANDS: readonly Command[] = [
  openCommand,
  planCommand,
  runCommand,
  emitCommand,
  conformanceCommand,
];
