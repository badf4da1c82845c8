/**
 * Entry of the command line `fusion-studio`: picks the command and turns failures into one clear line on
 * stderr and exit status 1 (2 for wrong usage).
 */
import { COMMANDS } from './cli/commands.ts';
import { UsageError, usage } from './cli/command.ts';
import { printable } from './cli/terminal.ts';
import { ModelError } from './diagnostics.ts';

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage(COMMANDS));
    return name === undefined ? 2 : 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    process.stderr.write(
      `fusion-studio: unknown command '${printable(name)}'\n\n${usage(COMMANDS)}`,
    );
    return 2;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(
        `fusion-studio ${name}: ${printable(error.message)}\n${usage([command])}`,
      );
      return 2;
    }
    if (error instanceof ModelError) {
      process.stderr.write(`fusion-studio: ${printable(error.message)}\n`);
      return 1;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`fusion-studio: internal error\n${text}\n`);
    return 1;
  }
}

// A reader that closes the pipe early (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// `exitCode` instead of `exit`: output to a pipe is flushed first.
process.exitCode = await main(process.argv.slice(2));
