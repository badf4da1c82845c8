// Runs once before and after all end-to-end specs, in vitest's main process: packages the extension, starts
// one workbench server and one Chromium, tells the specs where they are, and ends both whatever happened.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { root } from '../../setup/command.mjs';
import { findChromium } from '../../setup/debian.mjs';
import { workbench } from '../../setup/workbench.mjs';
import { startServer } from './server.ts';

/** What the specs are told. */
export interface EndToEndServers {
  readonly workbenchUrl: string;
  /** Playwright's own socket of the browser. */
  readonly browserEndpoint: string;
  /** An empty folder for workspaces; removed at the end. */
  readonly scratch: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    endToEnd: EndToEndServers;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const executablePath = findChromium();
  if (!executablePath || !existsSync(workbench.marker)) {
    throw new Error('browser or workbench missing: run `npm test -- e2e`, which installs them');
  }
  const folder = mkdtempSync(join(tmpdir(), 'fusion-studio-e2e-'));
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);

  const server = await startServer(folder, packageExtensions(folder));
  const browser = await chromium.launchServer({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  project.provide('endToEnd', {
    workbenchUrl: server.url,
    browserEndpoint: browser.wsEndpoint(),
    scratch,
  });

  return async () => {
    await browser.close();
    const leftovers = await server.group.end();
    if (leftovers.length > 0)
      console.log(`killed after the server ended:\n${leftovers.join('\n')}`);
    const kept = join(root, 'test/.results');
    mkdirSync(kept, { recursive: true });
    copyFileSync(join(folder, 'code-server.log'), join(kept, 'code-server.log'));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}

/** Makes the .vsix files to install: the shipped package, and the probe of the harness itself. */
function packageExtensions(folder: string): readonly string[] {
  const stdio: ['ignore', 'ignore', 'inherit'] = ['ignore', 'ignore', 'inherit'];
  const own = join(folder, 'fusion-studio.vsix');
  execFileSync(process.execPath, [join(root, 'package.mjs'), own], { cwd: root, stdio });

  const probe = join(folder, 'probe.vsix');
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
  const args = ['package', '--no-dependencies', '--skip-license', '--out', probe];
  execFileSync(process.execPath, [vsce, ...args], {
    cwd: join(root, 'test/e2e/fixtures/probe'),
    stdio,
  });
  return [own, probe];
}
