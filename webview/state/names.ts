/**
 * Texts from models made fit for display, and the page's own copies of the compiler's small tables (only
 * types may be imported from there; the tuple types keep order and spelling in step).
 */
import type {
  PLANNERS as Planners,
  VERDICT_REASONS as Reasons,
} from '../../compiler/fusion/plan.ts';
import type { MAPPING_TYPES as Types } from '../../compiler/mapping/mappingTypes.ts';

export const MAPPING_TYPES: typeof Types = [
  'one-to-one',
  'reorganize',
  'shuffle',
  'one-to-many',
  'many-to-many',
  'opaque',
];

export const PLANNERS: typeof Planners = ['none', 'pattern', 'dnnfusion', 'extended'];

export const VERDICT_REASONS: typeof Reasons = [
  'green',
  'yellow-profiled',
  'yellow-estimated',
  'pattern',
  'row-kernel',
  'joined',
  'user-fuse',
  'user-pin',
  'red',
  'yellow-not-profitable',
  'row-kernel-not-cheaper',
  'not-in-pattern',
  'planner-none',
  'opaque',
  'cycle',
  'constraint-size',
  'constraint-inputs',
  'constraint-shape',
  'multi-use',
  'no-seed',
  'not-reached',
  'user-cut',
  'user-pin-border',
  'no-kernel',
  'unbound-shape',
];

/** What a mapping type is called, and its letters: the sign beside the colour. */
export const MAPPING_NAMES: readonly string[] = [
  'One-to-One',
  'Reorganize',
  'Shuffle',
  'One-to-Many',
  'Many-to-Many',
  'Opaque',
];
export const MAPPING_CODES: readonly string[] = ['1:1', 'RE', 'SH', '1:N', 'N:N', '?'];

/**
 * A name as it may be shown: control characters, and those that reorder or hide text, become a visible
 * mark, and a long one loses its middle.
 */
export function displayName(name: string, limit = 120): string {
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, '\uFFFD');
  return shortenMiddle(visible, limit);
}

export function shortenMiddle(text: string, limit: number): string {
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  const head = Math.ceil((limit - 1) / 2);
  const tail = limit - 1 - head;
  return `${characters.slice(0, head).join('')}…${tail > 0 ? characters.slice(-tail).join('') : ''}`;
}

/** Exporters write whole module paths as names of nodes; the end tells nodes apart. */
export function endOfPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '');
  return parts.length > 2 ? `…/${parts.slice(-2).join('/')}` : name;
}

/** Operator types as engineers say them: no domain, no 'Normalization'. */
export function shortType(type: string): string {
  const bare = displayName(type.slice(type.lastIndexOf('.') + 1), 40);
  return bare.replace(/Normalization$/, 'Norm').replace(/^GlobalAveragePool$/, 'GlobalAvgPool');
}
