/** The commands of `fusion-studio`, in the order of the usage text. */
import type { Command } from './command.ts';
import { compareCommand } from './compareCommand.ts';
import { comparePlannersCommand } from './comparePlannersCommand.ts';
import { conformanceCommand } from './conformanceCommand.ts';
import { emitCommand } from './emitCommand.ts';
import { openCommand } from './openCommand.ts';
import { planCommand } from './planCommand.ts';
import { profileCommand } from './profileCommand.ts';
import { rewriteCommand } from './rewriteCommand.ts';
import { runCommand } from './runCommand.ts';
import { targetsCommand } from './targetsCommand.ts';

export const COMMANDS: readonly Command[] = [
  openCommand,
  planCommand,
  comparePlannersCommand,
  rewriteCommand,
  runCommand,
  compareCommand,
  profileCommand,
  targetsCommand,
  emitCommand,
  conformanceCommand,
];
