// The one browser context that all specs share. The browser itself belongs to globalSetup.ts; vitest keeps
// modules between spec files here (isolate: false), so the connection is made once.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { root } from '../../setup/command.mjs';

let context: Promise<BrowserContext> | undefined;

async function connect(): Promise<BrowserContext> {
  const browser = await chromium.connect(inject('endToEnd').browserEndpoint);
  return browser.newContext({ viewport: { width: 1400, height: 900 } });
}

/** Opens an empty page (1400 x 900) in the shared context. */
export async function newPage(): Promise<Page> {
  context ??= connect();
  const page = await (await context).newPage();
  page.setDefaultTimeout(60_000);
  return page;
}

/** Saves what the page shows as test/e2e/.shots/NAME.png and answers the file's path. */
export async function saveScreenshot(page: Page, name: string): Promise<string> {
  const folder = join(root, 'test/e2e/.shots');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name.replace(/[^\w.-]+/g, '-')}.png`);
  await page.screenshot({ path });
  return path;
}
