// The workbench server: code-server with throw-away home, user data and extensions folders and settings
// that keep every dialog, welcome page, trust prompt and network look-up away.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { workbench } from '../../setup/workbench.mjs';
import { startGroup, type ProcessGroup } from './processGroup.ts';

export interface WorkbenchServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly group: ProcessGroup;
}

/** The settings under which a fresh profile shows nothing but the workbench. */
export const quietSettings: Readonly<Record<string, unknown>> = {
  'security.workspace.trust.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Dark Modern',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
};

/**
 * Installs extensions into a fresh profile below `folder` and starts the server on a free port.
 *
 * @param folder an empty folder of the caller's, removed by the caller
 * @param extensions .vsix files
 */
export async function startServer(
  folder: string,
  extensions: readonly string[],
): Promise<WorkbenchServer> {
  const userData = join(folder, 'user-data');
  const settingsFile = join(userData, 'User/settings.json');
  mkdirSync(join(userData, 'User'), { recursive: true });
  mkdirSync(join(folder, 'home'));
  writeFileSync(settingsFile, JSON.stringify(quietSettings, null, 2));

  const env = { ...process.env, HOME: join(folder, 'home'), XDG_CONFIG_HOME: undefined };
  const profile = ['--user-data-dir', userData, '--extensions-dir', join(folder, 'extensions')];
  for (const vsix of extensions) {
    const args = [workbench.codeServer, ...profile, '--install-extension', vsix];
    execFileSync(workbench.node, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = join(folder, 'code-server.log');
  const args = [
    workbench.codeServer,
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--auth',
    'none',
    ...profile,
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-workspace-trust',
    '--disable-getting-started-override',
  ];
  const group = startGroup(`workbench-${process.pid}-${port}`, workbench.node, args, { log, env });
  if (!(await answers(`${url}/healthz`, 30_000))) {
    await group.end();
    throw new Error(`the workbench server did not start, see ${log}`);
  }
  return { url, group };
}

async function answers(url: string, limitMs: number): Promise<boolean> {
  for (let waited = 0; waited < limitMs; waited += 100) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return true;
    await delay(100);
  }
  return false;
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}
