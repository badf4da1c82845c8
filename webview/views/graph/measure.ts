/** Widths of texts in the graph's font, remembered: most texts come back after every edit. */
import type { Measure } from '../../state/blockLabel.ts';

const FONT_SIZE = 12;
const MAX_REMEMBERED = 50_000;

export function createMeasure(): Measure {
  const context = document.createElement('canvas').getContext('2d');
  if (!context) return (text) => text.length * 6.6;
  const family = getComputedStyle(document.body).getPropertyValue('--vscode-font-family').trim();
  context.font = `${FONT_SIZE}px ${family || 'system-ui, sans-serif'}`;
  const known = new Map<string, number>();
  return (text) => {
    let width = known.get(text);
    if (width === undefined) {
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(text, (width = context.measureText(text).width));
    }
    return width;
  };
}
