/** What colours, signs and dashes mean. */
import { button } from '../ui/controls.ts';
import { element, replaceChildren } from '../ui/dom.ts';
import { MAPPING_CODES, MAPPING_NAMES } from '../state/names.ts';
import { signSvg, svgUrl } from './graph/badges.ts';
import { REASON_GROUPS } from './graph/reasons.ts';
import type { ShownRun } from '../../compiler/protocol.ts';
import { formatMs, hottest, runPlace } from '../state/times.ts';
import type { GraphTheme } from './graph/theme.ts';
import type { View } from './toolbar.ts';
import './legend.css';

export interface Legend extends View {
  restyle(theme: GraphTheme): void;
}

export function createLegend(toggle: () => void): Legend {
  const title = button({ label: 'Legend', text: 'Legend', class: 'legend-title', onClick: toggle });
  const list = element('div', { class: 'legend-list' });
  const box = element('aside', { class: 'legend', aria: { label: 'Legend' } }, title, list);
  let run: ShownRun | null = null;
  let painted: GraphTheme | null = null;
  const scale = element('div', { class: 'legend-heat', hidden: true });
  box.append(scale);
  const showHeat = (): void => {
    scale.hidden = !run;
    if (!run || !painted) return;
    replaceChildren(
      scale,
      element('div', { text: `Time of a block, ${runPlace(run)}` }),
      element(
        'div',
        { class: 'legend-scale' },
        element('span', { text: '0' }),
        picture(heatSvg(painted), 96, 12),
        element('span', { text: formatMs(hottest(run)) }),
      ),
    );
  };
  return {
    element: box,
    update(state) {
      box.hidden = !state.document;
      list.hidden = !state.legendOpen;
      title.setAttribute('aria-expanded', String(state.legendOpen));
      title.setAttribute('appearance', 'icon');
      if (state.runs.shown !== run) {
        run = state.runs.shown;
        showHeat();
      }
    },
    restyle(theme) {
      const colours = { text: theme.foreground };
      const types = theme.mapping.map((line, mapping) =>
        row(
          picture(signSvg(mapping, { ...colours, line })),
          MAPPING_NAMES[mapping]!,
          MAPPING_CODES[mapping]!,
        ),
      );
      const plain = { ...colours, line: theme.line };
      const edges = REASON_GROUPS.map(({ label, dash, id }) =>
        row(line(dash, id === 'user' ? theme.warning : theme.line), label),
      );
      replaceChildren(
        list,
        ...types,
        row(picture(signSvg('seed', plain)), 'Seed'),
        row(picture(signSvg('pin', plain)), 'Pinned'),
        row(line([], theme.foreground, 3), 'Fused edge'),
        ...edges,
      );
      painted = theme;
      showHeat();
    },
  };
}

function row(sign: HTMLElement, text: string, code?: string): HTMLElement {
  return element(
    'div',
    { class: 'legend-row' },
    sign,
    element('span', { text }),
    code !== undefined && element('span', { class: 'legend-code', text: code }),
  );
}

function heatSvg({ heat }: GraphTheme): string {
  const steps = heat.map(
    (fill, i) => `<rect x="${i * 12}" width="12" height="12" fill="${fill}"/>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="12" ` +
    `viewBox="0 0 ${heat.length * 12} 12" preserveAspectRatio="none">${steps.join('')}</svg>`
  );
}

function picture(svg: string, width = 20, height = 20): HTMLElement {
  const image = document.createElement('img');
  image.src = svgUrl(svg);
  image.width = width;
  image.height = height;
  image.alt = '';
  return image;
}

function line(dash: readonly number[], colour: string, width = 1.8): HTMLElement {
  return picture(
    `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 30 30">` +
      `<path d="M0 15H30" stroke="${colour}" stroke-width="${width * 1.4}" ` +
      `stroke-dasharray="${dash.join(' ')}" fill="none"/></svg>`,
  );
}
