// End-to-end specs (test/e2e/*.e2e.ts): one worker, one file after the other, modules kept between files,
// because all of them share one workbench server and one browser.
import { defineConfig } from 'vitest/config';

/** E2E=openingTimes: one of test/e2e/asked/, which run only when asked, instead of the specs. */
const asked = process.env['E2E'];

export default defineConfig({
  test: {
    include: asked ? [`test/e2e/asked/${asked}.ts`] : ['test/e2e/*.e2e.ts'],
    globalSetup: ['test/e2e/harness/globalSetup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    isolate: false,
    retry: 0,
    // A busy machine takes its time; what is there is seen at once.
    expect: { poll: { timeout: 10_000 } },
  },
});
