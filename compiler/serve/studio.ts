/**
 * Puts `fusion-studio open` together: worker, host, server and page.
 */
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInProcess } from '../client/runProcess.ts';
import { WorkerClient } from '../client/workerClient.ts';
import { listDevices, listTargets } from '../run/listTargets.ts';
import { startStudioServer } from './httpServer.ts';
import type { StudioServer } from './httpServer.ts';
import { connectPage } from './pageConnection.ts';
import { pageHtml } from './pageHtml.ts';
import { sidecarStore } from './sidecarStore.ts';
import { StudioHost } from './studioHost.ts';

/** Of the process that generates and packs kernels; tensors do not count. */
const RUN_HEAP_MB = 2048;

/**
 * @param modelPath absolute
 * @param port 0 picks a free one
 */
export async function startStudio(modelPath: string, port: number): Promise<StudioServer> {
  // The bundles lie side by side in the build's folder.
  const folder = dirname(fileURLToPath(import.meta.url));
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const worker = new WorkerClient({ script: join(folder, 'worker.cjs'), log });
  const running = new AbortController();
  const host = new StudioHost(
    modelPath,
    worker,
    sidecarStore(modelPath),
    (request, onProgress, signal) =>
      runInProcess(request, {
        script: join(folder, 'runWorker.cjs'),
        heapMb: RUN_HEAP_MB,
        onProgress,
        log,
        signal: AbortSignal.any([signal, running.signal]),
      }),
    async () => [
      ...(await listTargets({ signal: running.signal })),
      ...(await listDevices({ signal: running.signal })),
    ],
  );
  const server = await startStudioServer({
    folder,
    port,
    html: (base, nonce, origin) =>
      pageHtml({
        scriptUri: `${base}webview.js`,
        styleUri: `${base}webview.css`,
        layoutWorkerUri: `${base}layoutWorker.js`,
        nonce,
        cspSource: origin,
        connectSrc: origin,
        host: 'studio',
        title: basename(modelPath),
      }),
    connect: (link) => connectPage(host, link),
  });
  void host.open();
  return {
    url: server.url,
    close: async () => {
      await server.close();
      running.abort();
      worker.dispose();
    },
  };
}
