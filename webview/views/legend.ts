/** What colours, signs and dashes mean. */
import { button } from '../ui/controls.ts';
import { element, replaceChildren } from '../ui/dom.ts';
import { MAPPING_NAMES } from '../state/names.ts';
import { BADGE, badgeSvg, svgUrl } from './graph/badges.ts';
import { REASON_GROUPS } from './graph/reasons.ts';
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
  return {
    element: box,
    update(state) {
      box.hidden = !state.document;
      list.hidden = !state.legendOpen;
      title.setAttribute('aria-expanded', String(state.legendOpen));
      title.setAttribute('appearance', 'icon');
    },
    restyle(theme) {
      const colours = { text: theme.foreground };
      const types = theme.mapping.map((line, mapping) =>
        row(
          picture(badgeSvg(mapping, false, false, { ...colours, line })),
          MAPPING_NAMES[mapping]!,
        ),
      );
      const seed = badgeSvg(-1, true, false, { ...colours, line: theme.line });
      const pin = badgeSvg(-1, false, true, { ...colours, line: theme.line });
      const edges = REASON_GROUPS.map(({ label, dash, id }) =>
        row(line(dash, id === 'user' ? theme.warning : theme.line), label),
      );
      replaceChildren(
        list,
        ...types,
        row(marker(seed, 0), 'Seed'),
        row(marker(pin, 1), 'Pinned'),
        row(line([], theme.foreground, 3), 'Fused'),
        ...edges,
      );
    },
  };
}

function row(sign: HTMLElement, text: string): HTMLElement {
  return element('div', { class: 'legend-row' }, sign, element('span', { text }));
}

function picture(svg: string): HTMLElement {
  const image = document.createElement('img');
  image.src = svgUrl(svg);
  image.width = Math.round(BADGE.width * 0.8);
  image.height = Math.round(BADGE.height * 0.8);
  image.alt = '';
  return image;
}

/** Only the corner of a badge that holds the seed's or pin's mark. */
function marker(svg: string, side: 0 | 1): HTMLElement {
  const box = x(side);
  return picture(svg.replace('viewBox="0 0 30 36"', `viewBox="${box}"`));
}

function x(side: 0 | 1): string {
  return side === 0 ? '-11 20 30 20' : '11 20 30 20';
}

function line(dash: readonly number[], colour: string, width = 1.8): HTMLElement {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="36" viewBox="0 0 30 36">` +
    `<path d="M1 18H29" stroke="${colour}" stroke-width="${width}" ` +
    `stroke-dasharray="${dash.join(' ')}" fill="none"/></svg>`;
  const image = picture(svg);
  image.style.height = '14px';
  image.style.objectFit = 'cover';
  return image;
}
