// Draws a layout as SVG, to look at it: `node test/bench/layoutSvg.ts NAME OUT.svg [FROM TO]`.
// Names: sample (residual, attention, inception), groups, network, wide.

import { writeFileSync } from 'node:fs';

import { layout } from '../../webview/layout/layout.ts';
import type { LayoutInput, LayoutResult } from '../../webview/layout/types.ts';
import { polyline } from '../webview/layout/geometry.ts';
import {
  collapse,
  consecutiveBlocks,
  randomDag,
  syntheticNetwork,
  toInput,
} from '../webview/layout/graphs.ts';

/** `from`, `to`: the part of the picture's height to show. */
export function toSvg(input: LayoutInput, result: LayoutResult, from = 0, to = 1): string {
  const parts: string[] = [];
  const { groupBox } = result;
  for (let g = 0; g < input.groupCount; g++) {
    const [x1, y1, x2, y2] = groupBox.subarray(4 * g, 4 * g + 4);
    parts.push(
      `<rect x="${x1}" y="${y1}" width="${x2! - x1!}" height="${y2! - y1!}" fill="#eef" stroke="#88a"/>`,
      `<rect x="${x1}" y="${y1}" width="${x2! - x1!}" height="${input.groupHeader}" fill="#ccd"/>`,
    );
  }
  for (let e = 0; 2 * e < input.edges.length; e++) {
    const line = polyline(input, result, e);
    if (result.edgeTunnel[e] === 1) {
      const [start, end] = [line[0]!, line.at(-1)!];
      parts.push(
        `<path d="M${start}l0 14M${end}l0 -14" stroke="#c40" fill="none" stroke-width="3"/>`,
      );
      continue;
    }
    parts.push(`<path d="M${line.join('L')}" stroke="#456" fill="none"/>`);
  }
  for (let v = 0; v < input.nodeCount; v++) {
    const w = input.width[v]!;
    const h = input.height[v]!;
    const x = result.x[v]!;
    const y = result.y[v]!;
    parts.push(
      `<rect x="${x - w / 2}" y="${y - h / 2}" width="${w}" height="${h}" rx="4" fill="#fff" stroke="#246"/>`,
      `<text x="${x}" y="${y + 5}" text-anchor="middle" font-size="14">${v}</text>`,
    );
  }
  const m = 20;
  const top = from * result.height - m;
  const size = `${-m} ${top} ${result.width + 2 * m} ${(to - from) * result.height + 2 * m}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${size}" style="background:#fff">${parts.join('\n')}</svg>`;
}

function scene(name: string): LayoutInput {
  if (name === 'groups4k') {
    const sketch = syntheticNetwork(4015);
    return toInput(sketch, consecutiveBlocks(sketch.count));
  }
  if (name === 'groups') {
    const sketch = syntheticNetwork(400, 5);
    return toInput(sketch, consecutiveBlocks(sketch.count));
  }
  if (name === 'collapsed') {
    const sketch = syntheticNetwork(1200, 5);
    const { group, groupCount } = consecutiveBlocks(sketch.count);
    return toInput(collapse(sketch, group, groupCount));
  }
  if (name === 'random') return toInput(randomDag(40, 4, 12));
  if (name === 'wide') {
    const edges = Array.from({ length: 200 }, (_, i): [number, number] => [0, i + 1]);
    return toInput({ count: 230, edges });
  }
  return toInput(syntheticNetwork(name === 'network' ? 600 : 150, 5));
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const [name = 'sample', out = 'layout.svg', from = '0', to = '1'] = process.argv.slice(2);
  const input = scene(name);
  const result = layout(input);
  writeFileSync(out, toSvg(input, result, Number(from), Number(to)));
  console.log(
    `${result.width.toFixed(0)} x ${result.height.toFixed(0)}, ${result.crossings} crossings`,
  );
}
