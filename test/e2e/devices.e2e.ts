// A phone in the editor: the test suite's own device behind a private server of the real adb. It is listed, chosen,
// run on, cancelled, compared on and unplugged, as a user would.
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { leftOnDevice } from '../compiler/device/deviceRuns.ts';
import { startAdb, type TestAdb } from '../device/adbServer.ts';
import { startDevice, type TestDevice } from '../device/device.ts';
import { deviceLacks, skipName } from '../device/deviceLacks.ts';
import { openWorkbench, type Workbench } from './harness/workbench.ts';
import { GraphPage } from './support/graphPage.ts';
import { setMachineSettings } from './support/machineSettings.ts';
import { tinyModel } from './support/tinyModel.ts';

const TIME = /^[\d.]+ (ms|µs)/;
const MODEL = 'sdk_gphone64_x86_64';

let adb: TestAdb;
let device: TestDevice;
let takeSettingsBack: () => void;
let workbench: Workbench;
let graph: GraphPage;

async function timed(): Promise<boolean> {
  const lines = await graph.lines(1).catch(() => []);
  return lines.length > 0 && lines.every((line) => TIME.test(line));
}

/** Rows of the *Devices* view. */
function rows(text: string): Locator {
  return workbench.page
    .locator('.pane', { has: workbench.page.locator('.pane-header', { hasText: 'Devices' }) })
    .locator('.monaco-list-row', { hasText: text });
}

/** The chosen place is a setting of the user, which other specs share. */
async function choosePlace(place: string): Promise<void> {
  // The run bar's way to "Choose Where to Run": a click in the palette may go through to the list that replaces it.
  const target = graph.frame.locator('.run-target');
  await target.click();
  await workbench.page
    .locator('.quick-input-list .monaco-list-row', { hasText: place })
    .first()
    .click();
  await expect.poll(() => target.getAttribute('title'), { timeout: 15_000 }).toContain(place);
}

describe.skipIf(deviceLacks())(skipName('a device in the editor', deviceLacks()), () => {
  beforeAll(async () => {
    adb = await startAdb();
    device = await startDevice();
    await adb.connect(device);
    takeSettingsBack = setMachineSettings({
      'fusionStudio.device.server': `127.0.0.1:${adb.port}`,
    });
    workbench = await openWorkbench({
      files: { 'm.onnx': tinyModel() },
      settings: { 'files.autoSave': 'off', 'workbench.editor.enablePreview': false },
    });
    workbench.page.setDefaultTimeout(20_000);
    await workbench.openFile('m.onnx');
    graph = new GraphPage(await workbench.webview());
  });
  afterAll(async () => {
    await workbench?.close();
    takeSettingsBack?.();
    await device?.close();
    await adb?.close();
  });
  afterEach(async ({ task }) => {
    // One test's fault is not the next one's.
    device.faults.program = undefined;
    if (task.result?.state === 'fail') await workbench.screenshot(`failed-${task.name}`);
  });

  it('is listed with what it is', async () => {
    await expect.poll(() => graph.labels().catch(() => []), { timeout: 20_000 }).toContain('Conv');
    await workbench.page.locator('.activitybar [aria-label*="Fusion Studio"]').first().click();
    const row = rows(device.serial);
    await row.first().waitFor();
    await expect.poll(() => row.first().innerText()).toContain(MODEL);
    await row.first().locator('.monaco-tl-twistie').click();
    await expect.poll(() => rows('ABI').first().innerText()).toContain('x86_64');
    await expect.poll(() => rows('Android').last().innerText()).toContain('14 (API 34)');
    await workbench.screenshot('devices-dark');
  });

  it('is chosen among the places to run, and the run bar names it', async () => {
    await choosePlace(`${MODEL} (CPU)`);
    // Shortened in the middle, since the end tells the CPU from the GPU.
    expect(await graph.frame.locator('.run-target').textContent()).toMatch(/x86_64 \(CPU\)$/);
    const here = (): Promise<string[]> => rows('runs here').allInnerTexts();
    await expect.poll(here).toEqual([expect.stringContaining(device.serial)]);
  });

  it('compares two plans by turns, with a verdict, before anything else ran', async () => {
    await workbench.runCommand('Fusion Studio: Compare Two Plans by Running Them');
    const input = workbench.page.locator('.quick-input-widget input[type="text"]');
    await expect.poll(() => input.getAttribute('placeholder')).toMatch(/by turns/);
    await input.fill('none, not rewritten');
    await input.press('Enter');
    const runs = graph.frame.locator('.panel', { hasText: 'A against B' });
    await runs.waitFor({ timeout: 90_000 });
    const text = await runs.innerText();
    expect(text).toMatch(/A is faster|B is faster|no difference/);
    expect(text).toMatch(/95 %: .* to /);
    expect(text).toContain(MODEL);
    expect(text).toMatch(/outputs\s+agree/);
    expect(leftOnDevice(device)).toEqual([]);
    await workbench.screenshot('device-compared-dark');
  });

  it('runs the model: times of its blocks on the graph, named after the device', async () => {
    await workbench.runCommand('Fusion Studio: Run and Time Every Block');
    await expect.poll(timed, { timeout: 90_000 }).toBe(true);
    await expect
      .poll(() => graph.frame.locator('.run-latency').innerText())
      .toMatch(/^[\d.]+ (ms|µs)/);
    expect(await graph.frame.locator('.legend-heat').innerText()).toContain(MODEL);
    expect(leftOnDevice(device)).toEqual([]);
    await workbench.screenshot('device-run-dark');
  });

  it('verifies what comes back from it', async () => {
    await workbench.runCommand('Fusion Studio: Run and Verify Outputs');
    await workbench.toast('agrees with').waitFor({ timeout: 90_000 });
    expect(leftOnDevice(device)).toEqual([]);
  });

  it('lets a run be cancelled, and nothing of it stays on the device', async () => {
    device.faults.program = 'stall';
    await workbench.runCommand('Fusion Studio: Run and Time Every Block');
    await expect.poll(() => device.processes(), { timeout: 60_000 }).toContainEqual('sleep 86400');
    await workbench.screenshot('device-running');
    await graph.frame.locator('vscode-button[aria-label="Cancel the run"]').click();
    await expect.poll(() => graph.frame.locator('.run-running').isVisible()).toBe(false);
    await expect.poll(() => device.processes(), { timeout: 15_000 }).toEqual([]);
    await expect.poll(() => leftOnDevice(device), { timeout: 15_000 }).toEqual([]);
    device.faults.program = undefined;
    // The times of the run before are still there.
    expect(await timed()).toBe(true);
  });

  it('is lost: the view, the run bar, the status and a pressed Run say so and what to do', async () => {
    device.faults.staysAway = true;
    device.drop();
    await adb.disconnect(device);
    const away = 'Not connected. Connect it again, or choose another place to run.';
    const lost = rows('runs here; not connected').first();
    await lost.waitFor({ timeout: 20_000 });
    expect(await lost.innerText()).toContain(MODEL);
    await workbench.page.locator('.pane-body .message', { hasText: away }).first().waitFor();
    const target = graph.frame.locator('.run-target');
    await expect.poll(() => target.getAttribute('title')).toContain(`${MODEL} (CPU): ${away}`);
    const status = workbench.statusItem('Fusion Studio: 6 blocks').locator('a').first();
    await expect.poll(() => status.getAttribute('aria-label')).toContain(away);
    await graph.press('r');
    const failure = workbench.toast(`adb knows no device ${device.serial}`).first();
    await failure.waitFor({ timeout: 30_000 });
    await workbench.screenshot('device-lost-dark');
    // The editor is as usable as before, and the way out is one click.
    expect(await timed()).toBe(true);
    await graph.clickEdge('opool', 'oflat');
    await expect.poll(() => graph.labels()).toContain('GlobalAvgPool + Flatten');
    await graph.press('Control+z');
    await expect.poll(timed).toBe(true);
    await failure.locator('.monaco-button', { hasText: 'Choose Where to Run' }).click();
    await workbench.page.locator('.quick-input-list', { hasText: 'WebAssembly' }).waitFor();
    await workbench.page.keyboard.press('Escape');
  });

  it('comes back, and runs', async () => {
    device.faults.staysAway = false;
    await adb.connect(device);
    await expect.poll(() => rows('runs here').allInnerTexts()).toHaveLength(1);
    await expect
      .poll(() => rows('runs here').first().innerText(), { timeout: 20_000 })
      .toContain(device.serial);
    const target = graph.frame.locator('.run-target');
    await expect.poll(() => target.getAttribute('title')).toContain('choose another place');
    const runs = graph.frame.locator('.panel .section summary', { hasText: /^Runs/i }).first();
    const before = await runs.innerText();
    await graph.press('r');
    await expect.poll(() => runs.innerText(), { timeout: 60_000 }).not.toBe(before);
    expect(leftOnDevice(device)).toEqual([]);
  });

  it('says so when there is no adb server', async () => {
    takeSettingsBack();
    takeSettingsBack = setMachineSettings({ 'fusionStudio.device.server': '127.0.0.1:1' });
    const message = workbench.page.locator('.pane-body .message', { hasText: '127.0.0.1:1' });
    await message.first().waitFor({ timeout: 20_000 });
    await workbench.setTheme('Light Modern');
    await workbench.screenshot('devices-light-no-server');
    await workbench.setTheme('Dark Modern');
  });

  it('gives the place back, with a clean console', async () => {
    await choosePlace('WebAssembly');
    const provoked = /^adb knows no device 127\.0\.0\.1:/;
    expect(workbench.errors.all().filter((error) => !provoked.test(error))).toEqual([]);
  });
});
