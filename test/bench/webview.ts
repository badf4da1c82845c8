// Measures the page in headless Chromium over synthetic graphs and prints a table against the design's numbers:
// first paint, frame rates of panning, click -> repaint, search and restyling.
//
//   npm run build && npx esbuild test/bench/webview.ts --bundle --platform=node --format=esm \
//     --packages=external --outfile=dist/bench/webview.mjs && node dist/bench/webview.mjs [operators ...]
//
// CHROMIUM names the browser's program (default: /usr/bin/chromium).
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { startDevServer } from '../webview/devServer.ts';
import { median } from './report/statistics.ts';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The bar, where the design sets one. */
  readonly bar?: string;
}

/** Frames per second and the slowest twentieth of the frames, while `move` runs once a frame. */
interface Frames {
  readonly fps: number;
  readonly p95: number;
}

const folder = process.env['PAGE_FOLDER'] ?? join(import.meta.dirname, '..');

async function main(): Promise<void> {
  const sizes = process.argv.slice(2).map(Number);
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    for (const operators of sizes.length > 0 ? sizes : [250, 4000, 6300]) {
      print(operators, await measure(browser, operators));
    }
  } finally {
    await browser.close();
  }
}

async function measure(browser: Browser, operators: number): Promise<Row[]> {
  const rows: Row[] = [];
  const bar = operators > 1000 ? { bar: '<= 1500' } : { bar: '<= 1000' };
  let painted: number[] = [];
  const server = await startDevServer({
    operators,
    folder,
    log: (line) => {
      const ms = /^page\/painted .*"ms":([\d.]+)/.exec(line)?.[1];
      if (ms !== undefined) painted.push(Number(ms));
    },
  });
  const open = async (): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    const before = painted.length;
    await page.goto(`${server.url}?theme=dark`);
    while (painted.length === before) await page.waitForTimeout(20);
    return page;
  };
  for (let i = 0; i < 4; i++) await (await open()).close();
  rows.push({
    what: 'navigation -> first paint',
    value: median(painted.slice(1)),
    unit: 'ms',
    ...bar,
  });
  painted = [];

  const page = await open();
  await settle(page);
  rows.push(...(await frames(page, 'collapsed', '>= 55')));
  rows.push({
    what: 'click on an edge -> repaint',
    value: await clickToRepaint(page),
    unit: 'ms',
    bar: '<= 150',
  });
  rows.push({ what: 'search keystroke', value: await searchTime(page), unit: 'ms', bar: '<= 50' });
  rows.push({ what: 'theme change, all restyled', value: await themeTime(page), unit: 'ms' });
  rows.push({ what: 'expand all -> repaint', value: await expandAll(page), unit: 'ms' });
  await settle(page);
  rows.push(...(await frames(page, 'all expanded', '>= 30')));
  await page.close();
  await server.close();
  return rows;
}

async function frames(page: Page, name: string, bar: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const zoom of [1, 0.25]) {
    await page.evaluate((level) => {
      window.fusionStudio?.zoomTo(level);
    }, zoom);
    await page.waitForTimeout(500);
    const wheel = await wheelFrames(page);
    rows.push({ what: `${name}, wheel at zoom ${zoom}`, value: wheel.fps, unit: 'fps', bar });
    rows.push({ what: `${name}, wheel at zoom ${zoom}, p95`, value: wheel.p95, unit: 'ms' });
    const drag = await dragFrames(page);
    rows.push({ what: `${name}, drag at zoom ${zoom}`, value: drag.fps, unit: 'fps', bar });
  }
  await page.evaluate(() => window.fusionStudio?.zoomTo(1));
  await page.keyboard.press('Home');
  await page.waitForTimeout(300);
  return rows;
}

async function wheelFrames(page: Page): Promise<Frames> {
  await page.mouse.move(500, 450);
  const counting = countFrames(page, 1500);
  const until = Date.now() + 1500;
  for (let turn = 0; Date.now() < until; turn++)
    await page.mouse.wheel(0, turn % 60 < 45 ? 60 : -60);
  return counting;
}

async function dragFrames(page: Page): Promise<Frames> {
  // Beside the graph, where nothing else takes the pointer.
  await page.mouse.move(60, 450);
  await page.mouse.down();
  const counting = countFrames(page, 1500);
  const until = Date.now() + 1500;
  for (let step = 0; Date.now() < until; step++) {
    await page.mouse.move(60 + (step % 40), 450 - 8 * ((step % 60) - 30));
  }
  const result = await counting;
  await page.mouse.up();
  return result;
}

function countFrames(page: Page, ms: number): Promise<Frames> {
  return page.evaluate(
    (limit) =>
      new Promise<Frames>((resolve) => {
        const times: number[] = [];
        const begun = performance.now();
        const tick = (now: number): void => {
          times.push(now);
          if (now - begun < limit) requestAnimationFrame(tick);
          else {
            const gaps = times.slice(1).map((time, i) => time - times[i]!);
            gaps.sort((a, b) => a - b);
            const fps = (1000 * gaps.length) / (times.at(-1)! - times[0]!);
            resolve({ fps, p95: gaps[Math.floor(gaps.length * 0.95)] ?? 0 });
          }
        };
        requestAnimationFrame(tick);
      }),
    ms,
  );
}

/** From the click event to the frame after the new picture was drawn; the host's planning included. */
async function clickToRepaint(page: Page): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const place = await page.evaluate((nth) => window.fusionStudio?.borderEdge(nth), i);
    if (!place) break;
    await page.evaluate(() => window.fusionStudio?.watchRepaint());
    await page.mouse.click(place.x, place.y);
    times.push(await page.evaluate(() => window.fusionStudio!.repainted()));
    await settle(page);
  }
  return median(times);
}

async function searchTime(page: Page): Promise<number> {
  await page.keyboard.press('/');
  const times: number[] = [];
  for (const key of 'softmax') {
    await page.evaluate(() => window.fusionStudio?.watchFrame());
    await page.keyboard.press(key);
    times.push(await page.evaluate(() => window.fusionStudio!.framed()));
  }
  await page.keyboard.press('Escape');
  return median(times);
}

function themeTime(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const begun = performance.now();
        document.documentElement.dataset['studio'] = 'light';
        document.body.className = 'vscode-light';
        requestAnimationFrame(() =>
          requestAnimationFrame(() => resolve(performance.now() - begun)),
        );
      }),
  );
}

async function expandAll(page: Page): Promise<number> {
  await page.evaluate(() => window.fusionStudio?.watchRepaint());
  await page.keyboard.press('Shift+E');
  return page.evaluate(() => window.fusionStudio!.repainted());
}

/** Until everything that is drawn in idle time is drawn. */
async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => window.fusionStudio?.complete() === true);
  await page.waitForTimeout(150);
}

function print(operators: number, rows: readonly Row[]): void {
  console.log(`\n${operators} operators`);
  for (const { what, value, unit, bar } of rows) {
    console.log(
      `  ${what.padEnd(40)} ${value.toFixed(unit === 'fps' ? 0 : 1).padStart(8)} ${unit.padEnd(4)} ${bar ?? ''}`,
    );
  }
}

await main();
