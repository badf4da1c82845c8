/**
 * The graph's colours from the editor's theme variables, as plain `rgb()` texts, since the canvas library
 * reads neither variables nor all of CSS's colour syntax. Read again whenever the theme changes.
 */

import { HEAT_STEPS } from '../../state/times.ts';

export interface GraphTheme {
  readonly background: string;
  readonly foreground: string;
  readonly muted: string;
  readonly line: string;
  readonly focus: string;
  readonly changed: string;
  readonly warning: string;
  readonly hit: string;
  readonly border: string;
  /** By index into MAPPING_TYPES: lines and icons, and the fill behind text. */
  readonly mapping: readonly string[];
  readonly fill: readonly string[];
  /** Fill of a measured block, by step of the heat map, coolest first. */
  readonly heat: readonly string[];
  readonly highContrast: boolean;
  readonly font: string;
}

/** Variables tried in order; the last entry is a colour. */
const MAPPING_VARIABLES: readonly (readonly string[])[] = [
  ['--vscode-charts-blue', '#3794ff'],
  ['--vscode-charts-purple', '#b180d7'],
  ['--vscode-charts-yellow', '#cca700'],
  ['--vscode-charts-orange', '#d18616'],
  ['--vscode-charts-green', '#89d185'],
  ['--vscode-descriptionForeground', '--vscode-foreground', '#999999'],
];

export function readTheme(): GraphTheme {
  const style = getComputedStyle(document.body);
  const read = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = name.startsWith('--') ? style.getPropertyValue(name).trim() : name;
      const colour = value === '' ? undefined : plainColour(value);
      if (colour) return colour;
    }
    return 'rgb(128,128,128)';
  };
  const background = read('--vscode-editor-background', '#1e1e1e');
  const foreground = read('--vscode-editor-foreground', '--vscode-foreground', '#cccccc');
  const mapping = MAPPING_VARIABLES.map((names) => read(...names));
  const kind = document.body.dataset['vscodeThemeKind'] ?? '';
  const highContrast =
    kind.includes('high-contrast') || matchMedia('(forced-colors: active)').matches;
  return {
    background,
    foreground,
    muted: read('--vscode-descriptionForeground', foreground),
    line: highContrast ? foreground : mix(foreground, background, 0.45),
    focus: read('--vscode-focusBorder', '#007fd4'),
    changed: read('--vscode-charts-red', '--vscode-editorWarning-foreground', '#f14c4c'),
    warning: read('--vscode-editorWarning-foreground', '#cca700'),
    hit: read('--vscode-editor-findMatchBorder', '--vscode-charts-yellow', '#ea5c00'),
    border: read('--vscode-contrastBorder', '--vscode-panel-border', '#80808059'),
    mapping,
    fill: mapping.map((colour) => (highContrast ? background : mix(colour, background, 0.14))),
    heat: Array.from({ length: HEAT_STEPS }, (_, step) =>
      mix(
        read('--vscode-charts-red', '#f14c4c'),
        background,
        (highContrast ? 0.1 : 0.06) + (step / (HEAT_STEPS - 1)) * (highContrast ? 0.35 : 0.44),
      ),
    ),
    highContrast,
    font: style.getPropertyValue('--vscode-font-family').trim() || 'system-ui, sans-serif',
  };
}

/** Calls back when VS Code (or the studio's media queries) changes the theme. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(changed);
  const attributeFilter = ['class', 'style', 'data-vscode-theme-kind', 'data-vscode-theme-id'];
  observer.observe(document.body, { attributes: true, attributeFilter });
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
    matchMedia(query).addEventListener('change', changed);
  }
}

let canvas: CanvasRenderingContext2D | null = null;

/** Any CSS colour as `rgb(r,g,b)`, drawn over nothing: transparency is lost. */
function plainColour(value: string): string | undefined {
  const parts = channels(value);
  return parts && `rgb(${parts.slice(0, 3).join(',')})`;
}

function channels(colour: string): number[] | undefined {
  canvas ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!canvas || !CSS.supports('color', colour)) return undefined;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return a === 0 ? undefined : [r, g, b, a];
}

/** `share` of `top` over `bottom`; both `rgb()`. */
export function mix(top: string, bottom: string, share: number): string {
  const a = numbers(top);
  const b = numbers(bottom);
  return `rgb(${a.map((v, i) => Math.round(v * share + (b[i] ?? 0) * (1 - share))).join(',')})`;
}

function numbers(rgb: string): number[] {
  return (rgb.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}
