/** Running the model, from the toolbar: start, stage with Cancel, the last latency. */
import { button, setDisabled } from '../ui/controls.ts';
import { ICONS, element, icon } from '../ui/dom.ts';
import type { Actions } from '../state/actions.ts';
import { displayName } from '../state/names.ts';
import { formatMs, runPlace } from '../state/times.ts';
import type { State } from '../state/state.ts';
import type { View } from './toolbar.ts';
import './runBar.css';

/** Characters of the place's name. */
const LABEL_LIMIT = 26;

export function createRunBar(actions: Actions): View {
  const start = button(
    {
      appearance: 'icon',
      label: 'Run and time every block (R)',
      onClick: () => actions.run('run'),
    },
    icon(ICONS.run),
  );
  const target = button({
    appearance: 'icon',
    label: 'Choose where to run',
    class: 'run-target',
    onClick: () => actions.run('chooseTarget'),
  });
  const stage = element('span', { class: 'run-stage', role: 'status' });
  const meter = document.createElement('progress');
  meter.max = 1;
  meter.className = 'run-meter';
  const cancel = button(
    {
      appearance: 'icon',
      label: 'Cancel the run',
      onClick: () => actions.run('cancelRun'),
    },
    icon(ICONS.close),
  );
  const running = element('span', { class: 'run-running', hidden: true }, meter, stage, cancel);
  const latency = button({
    appearance: 'icon',
    label: 'Show or hide measured times (T)',
    class: 'run-latency',
    onClick: () => actions.run('toggleTimes'),
  });
  const bar = element('span', { class: 'run-bar' }, start, target, running, latency);
  return {
    element: bar,
    update({ runs, capabilities }: State, previous) {
      if (runs === previous?.runs && capabilities === previous.capabilities) return;
      const place = displayName(runs.target.label, 80);
      const idle = runs.running === null && capabilities.trusted;
      setDisabled(start, !idle);
      start.title = capabilities.trusted
        ? `Run on ${place} and time every block (R)`
        : 'Running code needs a trusted workspace';
      target.hidden = runs.running !== null;
      // The middle goes, because the end tells the CPU from the GPU.
      const { obstacle } = runs.target;
      const label = displayName(runs.target.label, LABEL_LIMIT);
      target.textContent = obstacle === undefined ? label : `⚠ ${label}`;
      target.classList.toggle('missing', obstacle !== undefined);
      target.title =
        obstacle === undefined
          ? `Runs on ${place}: choose another place`
          : `${place}: ${displayName(obstacle, 300)}`;
      target.setAttribute('aria-label', target.title);
      setDisabled(target, !idle);
      running.hidden = runs.running === null;
      stage.textContent = displayName(runs.running?.stage ?? '', 40);
      const fraction = runs.running?.fraction ?? null;
      if (fraction === null) meter.removeAttribute('value');
      else meter.value = fraction;
      const latest = runs.shown ?? runs.history[0];
      latency.hidden = latest === undefined || runs.running !== null;
      if (!latest) return;
      const { median, p10, p90 } = latest.latencyMs;
      latency.textContent = `${formatMs(median)}${latest.noisy ? ' (noisy)' : ''}`;
      latency.setAttribute('aria-pressed', String(runs.shown !== null));
      latency.title =
        `${runPlace(latest)}: median ${formatMs(median)}, 10 to 90 % of the repetitions ` +
        `${formatMs(p10)} to ${formatMs(p90)}. Shows or hides the times on the graph (T).`;
    },
  };
}
