/** Wiring: host, store, views, keys. No logic of its own. */
import { PageActions } from './actions.ts';
import { createHost } from './host.ts';
import type { Host } from './host.ts';
import { LayoutClient } from './layoutClient.ts';
import { LayoutMemory } from './layoutMemory.ts';
import { watchWidth } from './narrow.ts';
import { createPage } from './page.ts';
import { startDetails } from './detailsLoader.ts';
import { startStudioTheme } from './studioTheme.ts';
import { initialState } from './state/state.ts';
import { Store } from './store.ts';
import { openStudioTransport } from './transport/studio.ts';
import { openVsCodeTransport, vsCodeMemory } from './transport/vscode.ts';
import { registerControls } from './ui/controls.ts';

const meta = (name: string): string =>
  document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? '';

const studio = meta('host') === 'studio';
if (studio) startStudioTheme();
registerControls();

const store = new Store(initialState);
const layout = new LayoutClient(
  meta('layout-worker'),
  studio ? undefined : new LayoutMemory(vsCodeMemory),
);

const host: Host = createHost({
  open: studio ? openStudioTransport : openVsCodeTransport,
  connected: () => {
    host.request('page/ready', null).then(
      (init) => {
        page.restore(init.viewState);
        store.dispatch({ type: 'opened', init });
      },
      (error: unknown) =>
        store.dispatch({ type: 'message', severity: 'error', text: String(error) }),
    );
  },
  lost: () => store.dispatch({ type: 'connection', connected: false }),
  handlers: {
    'host/document': (document) => store.dispatch({ type: 'document', document }),
    'host/error': (error) => store.dispatch({ type: 'failed', error }),
    'host/select': (selection) => page.goTo(selection),
    'host/progress': (progress) =>
      store.dispatch({ type: 'progress', message: progress?.message ?? null }),
    'host/message': ({ severity, text }) => store.dispatch({ type: 'message', severity, text }),
    'host/undoState': (undo) => store.dispatch({ type: 'undoState', undo }),
    'host/command': ({ command }) => actions.run(command),
  },
});

const actions = new PageActions(store, host);
const page = createPage({ store, host, actions, layout });
startDetails(store, host);
watchWidth(store);
// A small window is for the graph.
if (window.innerWidth < 1100) store.dispatch({ type: 'legend', open: false });
