/**
 * What the page says without being asked: progress with Cancel, messages, the read-only banner, a refused
 * edit next to its edge, the full-page error, and the screen reader's line.
 */
import { button, progressRing } from '../ui/controls.ts';
import { ICONS, element, icon, replaceChildren } from '../ui/dom.ts';
import type { Actions } from '../state/actions.ts';
import { displayName } from '../state/names.ts';
import type { Message, State } from '../state/state.ts';
import type { View } from './toolbar.ts';
import './notices.css';

/** Work shorter than this shows no progress, milliseconds. */
const PROGRESS_AFTER_MS = 1000;
/** How long an informational message stays. */
const INFO_MS = 4000;

export function createLiveRegion(): View {
  const line = element('div', {
    class: 'visually-hidden',
    role: 'status',
    aria: { live: 'polite' },
    id: 'spoken',
  });
  return {
    element: line,
    update(state) {
      if (line.textContent !== state.spoken) line.textContent = state.spoken;
    },
  };
}

export function createBanner(): View {
  const text = element('div', { class: 'banner', role: 'note', hidden: true });
  return {
    element: text,
    update(state) {
      const notes: string[] = [];
      if (!state.connected) notes.push('The connection to the studio is lost. Trying again …');
      if (state.document?.readOnly) notes.push(`Read-only: ${state.document.readOnly}.`);
      text.hidden = notes.length === 0;
      text.textContent = notes.join(' ');
    },
  };
}

export function createProgress(actions: Actions): View & { layout(running: boolean): void } {
  const label = element('span');
  const cancel = button({
    label: 'Cancel',
    text: 'Cancel',
    onClick: () => actions.cancelProgress(),
  });
  const bar = element(
    'div',
    { class: 'progress', role: 'status', hidden: true },
    progressRing('Working'),
    label,
    cancel,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let layingOut = false;
  let message: string | null = null;
  const refresh = (): void => {
    const text = message ?? (layingOut ? 'Laying out' : null);
    if (text === null) {
      clearTimeout(timer);
      timer = undefined;
      bar.hidden = true;
      return;
    }
    label.textContent = `${displayName(text)} …`;
    // The host can cancel nothing on the page's word; a layout can be given up.
    cancel.hidden = message !== null;
    timer ??= setTimeout(() => {
      bar.hidden = false;
    }, PROGRESS_AFTER_MS);
  };
  return {
    element: bar,
    layout(running) {
      layingOut = running;
      refresh();
    },
    update(state) {
      message = state.progress ?? (state.phase === 'loading' ? 'Opening' : null);
      refresh();
    },
  };
}

export function createMessages(dismiss: (id: number) => void): View {
  const list = element('div', { class: 'messages' });
  const scheduled = new WeakSet<Message>();
  const row = (message: Message): HTMLElement => {
    const { id, severity, text } = message;
    if (severity === 'info' && !scheduled.has(message)) {
      scheduled.add(message);
      setTimeout(() => dismiss(id), INFO_MS);
    }
    return element(
      'div',
      { class: `message ${severity}`, role: severity === 'error' ? 'alert' : 'note' },
      element('span', { class: 'message-text', text: displayName(text, 600) }),
      button(
        { appearance: 'icon', label: 'Dismiss', onClick: () => dismiss(id) },
        icon(ICONS.close),
      ),
    );
  };
  return {
    element: list,
    update(state, previous) {
      if (state.messages === previous?.messages) return;
      replaceChildren(list, ...state.messages.map(row));
    },
  };
}

/** `place`: window coordinates of the pair's line. */
export function createRefusal(
  place: (a: number, b: number) => { x: number; y: number } | null,
): View & { follow(): void } {
  const box = element('div', { class: 'refusal', hidden: true });
  let shown: State['refusal'] = null;
  const follow = (): void => {
    if (!shown) return;
    const at = place(shown.a, shown.b);
    const { width, height } = box.getBoundingClientRect();
    const x = at ? at.x + 12 : (window.innerWidth - width) / 2;
    const y = at ? at.y - height / 2 : 60;
    box.style.left = `${Math.max(8, Math.min(x, window.innerWidth - width - 8))}px`;
    box.style.top = `${Math.max(48, Math.min(y, window.innerHeight - height - 8))}px`;
  };
  return {
    element: box,
    follow,
    update(state, previous) {
      if (state.refusal === previous?.refusal) return;
      shown = state.refusal;
      box.hidden = shown === null;
      box.textContent = shown ? `✕ Refused: ${displayName(shown.message, 500)}` : '';
      follow();
    },
  };
}

export function createErrorPage(actions: Actions): View {
  const page = element('main', { class: 'error-page', hidden: true });
  return {
    element: page,
    update(state, previous) {
      page.hidden = state.phase !== 'failed';
      if (state.error === previous?.error || !state.error) return;
      const { title, message, actions: offered } = state.error;
      const buttons = offered.map(({ id, label }, i) =>
        button({
          label,
          text: label,
          appearance: i === 0 ? 'primary' : 'secondary',
          onClick: () => actions.pageAction(id),
        }),
      );
      replaceChildren(
        page,
        element('h1', { text: title }),
        element('p', { class: 'error-message', role: 'alert', text: displayName(message, 2000) }),
        element('div', { class: 'error-actions' }, ...buttons),
      );
    },
  };
}
