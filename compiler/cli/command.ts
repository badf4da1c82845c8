/**
 * What a command of the command line is, and how its arguments are read.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

export interface Command {
  readonly name: string;
  /** 'MODEL [--planner …]': what follows the name in the usage text. */
  readonly synopsis: string;
  readonly summary: string;
  /** @returns the exit status. Throws ModelError or UsageError for anything the user can mend. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Wrong arguments: exit status 2 and the usage line. */
export class UsageError extends Error {}

export function usage(commands: readonly Command[]): string {
  const lines = commands.map(
    ({ name, synopsis, summary }) => `  fusion-studio ${name} ${synopsis}\n      ${summary}`,
  );
  return `Usage:\n${lines.join('\n')}\n`;
}

/** `parseArgs` with its complaints turned into UsageErrors. */
export function readArguments<T extends ParseArgsConfig>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** The one positional argument of commands that take a model. */
export function onlyPositional(positionals: readonly string[], what: string): string {
  const [only, ...more] = positionals;
  if (only === undefined) throw new UsageError(`${what} is missing`);
  if (more.length > 0) throw new UsageError(`unexpected argument '${more[0]}'`);
  return only;
}

/** `NAME=N` pairs of `--dim`; sizes are whole numbers from 1 to 2^31 - 1. */
export function readBindings(texts: readonly string[]): Record<string, number> {
  const bindings = Object.create(null) as Record<string, number>;
  for (const text of texts) {
    const match = /^(.+)=([1-9]\d{0,9})$/s.exec(text);
    const size = Number(match?.[2]);
    if (!match?.[1] || size > 0x7fffffff) {
      throw new UsageError(`--dim wants NAME=N with N from 1 to 2147483647, not '${text}'`);
    }
    bindings[match[1]] = size;
  }
  return bindings;
}
