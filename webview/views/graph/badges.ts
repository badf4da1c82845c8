/**
 * The sign at the left of a node: what the mapping type does, drawn as lines between elements, with its
 * letters below; a diamond marks the seed, a pin a pinned block. Colour is never the only signal.
 */
import { MAPPING_CODES } from '../../state/names.ts';

/** Lines between elements of the input (top) and the output (bottom); 24 x 16. */
const MAPPING_LINES: readonly string[] = [
  'M5 2V14M12 2V14M19 2V14',
  'M5 2V8H12V14M12 2V5H19V14M19 2V3',
  'M5 2L19 14M12 2L5 14M19 2L12 14',
  'M12 2L4 14M12 2V14M12 2L20 14',
  'M5 2L5 14M5 2L19 14M19 2L5 14M19 2L19 14M5 2L12 14M19 2L12 14',
  'M4 3H20V13H4Z',
];

export interface BadgeColours {
  readonly line: string;
  readonly text: string;
}

/** Width and height of the picture in CSS pixels. */
export const BADGE = { width: 32, height: 36 } as const;

export function badgeSvg(
  mapping: number,
  seed: boolean,
  pinned: boolean,
  { line, text }: BadgeColours,
): string {
  const lines = MAPPING_LINES[mapping] ?? '';
  const code = MAPPING_CODES[mapping] ?? '';
  const seedMark = seed ? `<path d="M4 26.5L7 30.5L4 34.5L1 30.5Z" fill="${text}"/>` : '';
  const pinMark = pinned
    ? `<path d="M25 26H30V28.5L31 30.5H28.1V35H26.9V30.5H24L25 28.5Z" fill="${text}"/>`
    : '';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="36" viewBox="0 0 32 36">` +
    `<g transform="translate(4 2)" fill="none" stroke="${line}" stroke-width="1.6" ` +
    `stroke-linecap="round" stroke-linejoin="round"><path d="${lines}"/></g>` +
    `<text x="${seed ? 19 : 16}" y="33.5" font-family="sans-serif" font-size="8.5" font-weight="600" ` +
    `text-anchor="middle" fill="${text}">${code}</text>${seedMark}${pinMark}</svg>`
  );
}

/** One element of a badge alone, for the legend. */
export function signSvg(part: 'seed' | 'pin' | number, { line, text }: BadgeColours): string {
  const boxes = { seed: '-6 20.5 20 20', pin: '17.5 20.5 20 20' } as const;
  const box = typeof part === 'number' ? '3 0 26 20' : boxes[part];
  const mapping = typeof part === 'number' ? part : -1;
  const svg = badgeSvg(mapping, part === 'seed', part === 'pin', { line, text });
  return svg
    .replace(/<text.*<\/text>/, '')
    .replace(/width="32" height="36" viewBox="[^"]*"/, `width="20" height="20" viewBox="${box}"`);
}

export function svgUrl(svg: string): string {
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

/** Class of the style rule that carries a badge. */
export function badgeClass(mapping: number, seed: boolean, pinned: boolean): string {
  return `k${mapping}${seed ? 's' : ''}${pinned ? 'p' : ''}`;
}
