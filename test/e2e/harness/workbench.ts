// Drives a real VS Code workbench as a person would: through the explorer, the palette, tabs and the mouse.
//
//   const workbench = await openWorkbench({ files: { 'model.onnx': bytes } });
//   await workbench.openFile('model.onnx');
//   const graph = await workbench.webview();
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import { inject } from 'vitest';
import { newPage, saveScreenshot } from './browser.ts';
import { collectConsoleErrors, type ConsoleErrors } from './consoleErrors.ts';

export type Theme = 'Light Modern' | 'Dark Modern' | 'Dark High Contrast' | 'Light High Contrast';

const quickInput = '.quick-input-widget input[type="text"]';

const themeClass: Record<Theme, string> = {
  'Light Modern': 'vs',
  'Dark Modern': 'vs-dark',
  'Dark High Contrast': 'hc-black',
  'Light High Contrast': 'hc-light',
};

export interface WorkbenchOptions {
  /** Files of a fresh workspace folder: relative path to contents, or to a file URL to copy. */
  readonly files?: Readonly<Record<string, string | Uint8Array | URL>>;
  /** An existing folder to open instead of a fresh one. */
  readonly folder?: string;
  /** Workspace settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Text of a status bar item to wait for: it shows that the extension is active. */
  readonly ready?: string;
}

/** Opens a workspace in a new page of the running workbench server. Close it at the end of the spec. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const folder = options.folder ?? mkdtempSync(join(inject('endToEnd').scratch, 'workspace-'));
  const files: Record<string, string | Uint8Array | URL> = { ...options.files };
  if (options.settings) files['.vscode/settings.json'] = JSON.stringify(options.settings, null, 2);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content instanceof URL) cpSync(content, path, { recursive: true });
    else writeFileSync(path, content);
  }
  const page = await newPage();
  const workbench = new Workbench(page, folder, options.ready ?? 'Fusion Studio');
  await workbench.load();
  return workbench;
}

export class Workbench {
  /** The workbench's page, for everything that has no helper here. */
  readonly page: Page;
  /** The workspace folder on disk. */
  readonly folder: string;
  readonly errors: ConsoleErrors;
  readonly #ready: string;

  constructor(page: Page, folder: string, ready: string) {
    this.page = page;
    this.folder = folder;
    this.errors = collectConsoleErrors(page);
    this.#ready = ready;
  }

  /**
   * Loads, or loads again, the workspace and waits until the explorer shows it and the extension is active.
   * A file clicked earlier than that opens as binary text and stays so.
   */
  async load(): Promise<void> {
    await this.page.goto(`${inject('endToEnd').workbenchUrl}/?folder=${encodeURI(this.folder)}`);
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.explorer-folders-view').waitFor();
    await this.statusItem(this.#ready).first().waitFor({ timeout: 60_000 });
  }

  /** Status bar items that contain a text. */
  statusItem(text: string): Locator {
    return this.page.locator('.statusbar-item').filter({ hasText: text });
  }

  /** Opens a file of the workspace's top folder from the explorer and waits for its tab. */
  async openFile(name: string): Promise<void> {
    const row = this.page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ has: this.page.getByText(name, { exact: true }) });
    for (let tries = 0; tries < 5; tries++) {
      // One click only: a double click may resolve the editor twice.
      await row.click();
      // The explorer uses its rows again: where a file appeared meanwhile, the click meets another one.
      const isOpen = await this.tab(name)
        .first()
        .waitFor({ timeout: 5000 })
        .then(
          () => true,
          () => false,
        );
      if (isOpen) return;
    }
    await this.tab(name).first().waitFor();
  }

  /** The editor tab with a file name; `.dirty` is among its classes while it has unsaved changes. */
  tab(name: string): Locator {
    return this.page
      .locator('.tabs-container .tab')
      .filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /**
   * The document inside a visible webview, loaded; the mouse, `locator` and `evaluate` work on it.
   *
   * @param index which one, where several editors are side by side
   */
  async webview(index = 0): Promise<Frame> {
    const inner = this.page
      .locator('iframe.webview.ready:visible')
      .nth(index)
      .contentFrame()
      .locator('#active-frame');
    const frame = await (await inner.elementHandle())?.contentFrame();
    if (!frame) throw new Error('the webview has no document');
    await frame.waitForLoadState();
    return frame;
  }

  /** Runs a command by its palette title, for example `Fusion Studio: Replan All`. */
  async runCommand(title: string): Promise<void> {
    const input = this.page.locator(quickInput);
    // Others may match better in the palette's eyes, so the row is chosen by its exact title.
    const row = this.page
      .locator('.quick-input-list .label-name')
      .filter({ hasText: exactly(title) })
      .first();
    for (let tries = 0; tries < 5; tries++) {
      // A key is lost while the focus moves, after a dialog or a tab was closed.
      for (let keys = 0; keys < 5 && !(await input.isVisible()); keys++) {
        await this.page.keyboard.press('F1');
        await input.waitFor({ timeout: 3000 }).catch(() => undefined);
      }
      // It may close again while the focus moves, and holds what was enabled when it opened, which on a busy machine
      // may be too early.
      const isThere = await input
        .fill(`>${title}`, { timeout: 3000 })
        .then(() => row.waitFor({ timeout: 5000 }))
        .then(
          () => true,
          () => false,
        );
      if (isThere) break;
      await this.page.keyboard.press('Escape');
      await input.waitFor({ state: 'hidden' });
    }
    await row.click();
    // The palette closes, or the command asks its own question in the same place.
    await this.page.waitForFunction(
      ([selector, typed]) => {
        const asking = document.querySelector<HTMLInputElement>(selector ?? '');
        return !asking?.checkVisibility() || asking.value !== typed;
      },
      [quickInput, `>${title}`],
    );
  }

  /** Notification toasts that contain a text. */
  toast(text: string): Locator {
    return this.page.locator('.notifications-toasts .notification-toast').filter({ hasText: text });
  }

  /**
   * Answers the workbench's own file dialog with a path.
   *
   * @param done whether what was asked for has happened
   */
  async answerFileDialog(path: string, done: () => boolean | Promise<boolean>): Promise<void> {
    const input = this.page.locator(quickInput);
    await input.waitFor();
    // The dialog writes its own suggestion some time after it appeared, also over what was typed meanwhile, and
    // loses an Enter while it lists a folder: both are repeated until it is done.
    const deadline = Date.now() + 30_000;
    while (!(await done())) {
      if (Date.now() > deadline) throw new Error(`the file dialog did not take ${path}`);
      try {
        const shown = await input.inputValue({ timeout: 500 });
        if (shown !== path) await input.fill(path, { timeout: 500 });
        else await input.press('Enter', { timeout: 500 });
      } catch {
        // It closed between the look and the key.
      }
      await this.page.waitForTimeout(500);
    }
  }

  /** Switches the colour theme through the palette, as a user does. */
  async setTheme(theme: Theme): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    const input = this.page.locator(quickInput);
    await input.fill(theme);
    await this.page
      .locator('.quick-input-list .label-name')
      .filter({ hasText: exactly(theme) })
      .first()
      .click();
    await this.page.locator(`.monaco-workbench.${themeClass[theme]}`).waitFor();
  }

  /** Saves a picture of the whole workbench under test/e2e/.shots and answers its path. */
  screenshot(name: string): Promise<string> {
    return saveScreenshot(this.page, name);
  }

  /** Closes the page; the workspace folder stays until the suite ends. */
  async close(): Promise<void> {
    await this.page.close();
  }
}

/** Matches a text as a whole; the palette splits it over several elements. */
function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}\\s*$`);
}
