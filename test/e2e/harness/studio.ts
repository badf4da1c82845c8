// `fusion-studio open MODEL`: the same page served by the command line, in plain Chromium without VS Code.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { inject } from 'vitest';
import { root } from '../../setup/command.mjs';
import { newPage, saveScreenshot } from './browser.ts';
import { collectConsoleErrors, type ConsoleErrors } from './consoleErrors.ts';
import { startGroup } from './processGroup.ts';

export interface Studio {
  readonly page: Page;
  /** The address that the command line printed, with its token. */
  readonly url: string;
  readonly errors: ConsoleErrors;
  /** Saves a picture under test/e2e/.shots and answers its path. */
  screenshot(name: string): Promise<string>;
  /** Closes the page and ends the server; answers processes that it left behind. */
  close(): Promise<readonly string[]>;
}

/**
 * Serves a model with `dist/cli.js open MODEL --no-browser` and opens the printed address.
 *
 * @param model absolute path; edits are saved beside it, so copy a fixture first
 */
export async function startStudio(model: string): Promise<Studio> {
  const cli = join(root, 'dist/cli.js');
  if (!existsSync(cli)) throw new Error('dist/cli.js is missing: run `npm run build`');
  const folder = mkdtempSync(join(inject('endToEnd').scratch, 'studio-'));
  const log = join(folder, 'studio.log');
  const args = [cli, 'open', model, '--no-browser'];
  const group = startGroup(`studio-${folder}`, process.execPath, args, { log });

  let page: Page | undefined;
  try {
    const url = await printedAddress(log, 20_000);
    page = await newPage();
    const opened = page;
    const errors = collectConsoleErrors(opened);
    await opened.goto(url);
    return {
      page: opened,
      url,
      errors,
      screenshot: (name) => saveScreenshot(opened, name),
      close: async () => {
        await opened.close();
        return group.end();
      },
    };
  } catch (error) {
    await page?.close();
    await group.end();
    throw error;
  }
}

async function printedAddress(log: string, limitMs: number): Promise<string> {
  for (let waited = 0; waited < limitMs; waited += 50) {
    const address = /^.*(http:\/\/(127\.0\.0\.1|localhost):\d+\S*)\s*\n/m.exec(
      readFileSync(log, 'utf8'),
    );
    if (address?.[1]) return address[1];
    await delay(50);
  }
  throw new Error(`the studio printed no address:\n${readFileSync(log, 'utf8')}`);
}
