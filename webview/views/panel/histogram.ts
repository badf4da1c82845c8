/** Distribution of a weight's values as a small bar chart, with its numbers as text. */
import { element } from '../../ui/dom.ts';
import type { WeightStatistics } from '../../../compiler/protocol.ts';
import { formatInteger, formatNumber } from '../../state/format.ts';
import { table } from './rows.ts';

const WIDTH = 224;
const HEIGHT = 48;
const SVG = 'http://www.w3.org/2000/svg';

export function weightView(statistics: WeightStatistics): HTMLElement {
  const { elements, min, max, mean, deviation, zeros, notFinite, histogram } = statistics;
  const share = elements > 0 ? ` (${((100 * zeros) / elements).toFixed(1)} %)` : '';
  return element(
    'div',
    { class: 'weight' },
    bars(histogram, `Histogram from ${formatNumber(min)} to ${formatNumber(max)}`),
    element(
      'div',
      { class: 'axis' },
      element('span', { text: formatNumber(min) }),
      element('span', { text: formatNumber(max) }),
    ),
    table([
      ['elements', formatInteger(elements)],
      ['mean ± deviation', `${formatNumber(mean)} ± ${formatNumber(deviation)}`],
      ['zeros', `${formatInteger(zeros)}${share}`],
      ['not finite', notFinite > 0 ? formatInteger(notFinite) : null],
    ]),
  );
}

function bars(counts: readonly number[], label: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('class', 'histogram');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const most = Math.max(1, ...counts);
  const step = WIDTH / Math.max(1, counts.length);
  counts.forEach((count, i) => {
    const height = count > 0 ? Math.max(1, (count / most) * HEIGHT) : 0;
    const bar = document.createElementNS(SVG, 'rect');
    bar.setAttribute('x', String(i * step));
    bar.setAttribute('y', String(HEIGHT - height));
    bar.setAttribute('width', String(step - 1));
    bar.setAttribute('height', String(height));
    svg.append(bar);
  });
  return svg;
}
