// A server program with everything it starts, as one unit: spawned as the leader of its own process group
// and marked through its environment, so that the group can be ended and whatever escaped it found.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const marker = 'FUSION_STUDIO_E2E_GROUP';

export interface ProcessGroup {
  readonly leader: ChildProcess;
  /** Ends every process of the group and answers the leftovers that had to be killed by id. */
  end(): Promise<readonly string[]>;
}

/**
 * Starts a program detached; its output goes to `log`.
 *
 * @param name marks all its descendants, so it has to be unique on the machine
 */
export function startGroup(
  name: string,
  program: string,
  args: readonly string[],
  options: { readonly log: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
): ProcessGroup {
  const output = openSync(options.log, 'w');
  const leader = spawn(program, args, {
    detached: true,
    cwd: options.cwd,
    env: { ...process.env, ...options.env, [marker]: name },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return { leader, end: () => endGroup(name, leader) };
}

async function endGroup(name: string, leader: ChildProcess): Promise<readonly string[]> {
  if (leader.pid !== undefined) signal(-leader.pid, 'SIGTERM');
  for (let waited = 0; waited < 3000 && marked(name).length > 0; waited += 100) await delay(100);
  if (leader.pid !== undefined) signal(-leader.pid, 'SIGKILL');
  await delay(100);

  const leftovers = marked(name);
  for (const { pid } of leftovers) signal(pid, 'SIGKILL');
  return leftovers.map(({ pid, command }) => `${pid} ${command}`);
}

/** Running processes (Linux) whose environment carries the group's name. */
function marked(name: string): readonly { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const environment = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
        if (!environment.includes(`${marker}=${name}`)) return [];
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(entry), command }];
      } catch {
        return []; // Gone in the meantime, or another user's.
      }
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
