// The page with a synthetic model, without a compiler: for looking at it and for measurements.
//   startDevServer({ operators: 4000 }) -> address
import { join } from 'node:path';
import { pageHtml } from '../../compiler/serve/pageHtml.ts';
import { startStudioServer } from '../../compiler/serve/httpServer.ts';
import type { StudioServer } from '../../compiler/serve/httpServer.ts';
import type { GraphSnapshot } from '../../compiler/protocol.ts';
import { connectFakeHost } from './fixtures/fakeHost.ts';
import type { FakeHostOptions } from './fixtures/fakeHost.ts';
import { syntheticGraph } from './fixtures/syntheticGraph.ts';

export interface DevServerOptions extends Omit<FakeHostOptions, 'graph'> {
  readonly operators?: number;
  readonly graph?: GraphSnapshot;
  readonly port?: number;
  /** Folder of the built page. */
  readonly folder?: string;
}

export function startDevServer(options: DevServerOptions = {}): Promise<StudioServer> {
  const graph = options.graph ?? syntheticGraph(options.operators ?? 40);
  return startStudioServer({
    folder: options.folder ?? join(import.meta.dirname, '../../dist'),
    port: options.port ?? 0,
    html: (base, nonce, origin) =>
      pageHtml({
        scriptUri: `${base}webview.js`,
        styleUri: `${base}webview.css`,
        layoutWorkerUri: `${base}layoutWorker.js`,
        nonce,
        cspSource: origin,
        connectSrc: origin,
        host: 'studio',
        title: graph.modelName,
      }),
    connect: (link) => connectFakeHost(link, { ...options, graph }),
  });
}
