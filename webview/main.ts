/** Wiring: host, store, views, keys. No logic of its own. */
import { PageActions } from './actions.ts';
import { DocumentMemory } from './documentMemory.ts';
import { createHost } from './host.ts';
import type { Host } from './host.ts';
import { LayoutClient } from './layoutClient.ts';
import { LayoutMemory } from './layoutMemory.ts';
import { watchWidth } from './narrow.ts';
import { createPage } from './page.ts';
import { memorySlot } from './pageMemory.ts';
import { startDetails } from './detailsLoader.ts';
import { startStudioTheme } from './studioTheme.ts';
import type { OpenedInit } from './state/events.ts';
import { initialState } from './state/state.ts';
import { Store } from './store.ts';
import { openStudioTransport } from './transport/studio.ts';
import { openVsCodeTransport, vsCodeMemory } from './transport/vscode.ts';
import { registerControls } from './ui/controls.ts';

const milestones = { began: performance.now(), asked: 0, had: 0 };

const meta = (name: string): string =>
  document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? '';

const studio = meta('host') === 'studio';
if (studio) startStudioTheme();

const store = new Store(initialState);
const layout = new LayoutClient(
  meta('layout-worker'),
  studio ? undefined : new LayoutMemory(memorySlot(vsCodeMemory, 'layout')),
);
const documents = studio ? undefined : new DocumentMemory(memorySlot(vsCodeMemory, 'document'));
const keep = (stamp: string | undefined): void => {
  if (store.state.document) documents?.keep(stamp, store.state.document);
};

const host: Host = createHost({
  open: studio ? openStudioTransport : openVsCodeTransport,
  connected: (connected) => {
    milestones.asked ||= performance.now();
    open(connected).then(
      ({ stamp, ...init }) => {
        milestones.had ||= performance.now();
        page.restore(init.viewState);
        store.dispatch({ type: 'opened', init });
        keep(stamp);
      },
      (error: unknown) =>
        store.dispatch({ type: 'message', severity: 'error', text: String(error) }),
    );
  },
  lost: () => store.dispatch({ type: 'connection', connected: false }),
  handlers: {
    'host/document': ({ document, stamp }) => {
      store.dispatch({ type: 'document', document });
      keep(stamp);
    },
    'host/runs': (runs) => store.dispatch({ type: 'runs', runs }),
    'host/error': (error) => store.dispatch({ type: 'failed', error }),
    'host/select': (selection) => page.goTo(selection),
    'host/progress': (progress) =>
      store.dispatch({ type: 'progress', message: progress?.message ?? null }),
    'host/message': ({ severity, text }) => store.dispatch({ type: 'message', severity, text }),
    'host/undoState': (undo) => store.dispatch({ type: 'undoState', undo }),
    'host/command': ({ command }) => actions.run(command),
  },
});

async function open(connected: Host): Promise<OpenedInit & { readonly stamp?: string }> {
  const kept = documents?.stamp ?? null;
  const asked = connected.request('page/ready', { kept });
  // Read while the host answers.
  const recalled = kept === null ? null : (documents?.recall() ?? null);
  const init = await asked;
  if (init.document !== 'kept') return { ...init, document: init.document };
  if (recalled) return { ...init, document: recalled };
  const again = await connected.request('page/ready', { kept: null });
  return { ...again, document: again.document === 'kept' ? null : again.document };
}

// After the question to the host: both take their time.
registerControls();
const actions = new PageActions(store, host);
const startLayout = (): LayoutClient => new LayoutClient(meta('layout-worker'));
const page = createPage({ store, host, actions, layout, startLayout, milestones });
startDetails(store, host);
watchWidth(store);
// A small window is for the graph.
if (window.innerWidth < 1100) store.dispatch({ type: 'legend', open: false });
