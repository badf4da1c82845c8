/**
 * `Sidecar` -> text, the same text for the same plan: fixed order of fields, sorted dims, one override a
 * line, so that version control shows one changed line for one changed override. Fields of later programs
 * follow in the order in which they were read.
 */
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import type { OperatorRecord, OverrideRecord, Sidecar, UnknownFields } from './sidecar.ts';
import { SIDECAR_VERSION } from './sidecar.ts';

export function serialiseSidecar(sidecar: Sidecar): string {
  const dims = Object.entries(sidecar.dims).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const fields: [string, string][] = [
    ['version', `${SIDECAR_VERSION}`],
    ...(sidecar.structure === null
      ? []
      : [['structure', JSON.stringify(sidecar.structure)] as [string, string]]),
    ['planner', JSON.stringify(sidecar.planner)],
    ['replannedAt', `${sidecar.replannedAt}`],
    [
      'dims',
      lines(
        '{',
        dims.map(([name, size]) => `${JSON.stringify(name)}: ${size}`),
        '}',
      ),
    ],
    ...(sidecar.rewrite ? [['rewrite', rewriteText(sidecar.rewrite)] as [string, string]] : []),
    ['overrides', lines('[', sidecar.overrides.map(overrideLine), ']')],
    ...[...sidecar.unknown].map(([name, value]): [string, string] => [
      name,
      JSON.stringify(value, null, 2).replaceAll('\n', '\n  '),
    ]),
  ];
  return `{\n${fields.map(([name, text]) => `  ${JSON.stringify(name)}: ${text}`).join(',\n')}\n}\n`;
}

/** Lists in order, so that the same choice is the same text. */
function rewriteText(settings: RewriteSettings): string {
  const { enabled, fastMath, offClasses, offRules, offApplications } = settings;
  const list = (names: readonly string[]): string => JSON.stringify([...names].sort());
  return objectLine(
    [
      ['enabled', String(enabled)],
      ['fastMath', String(fastMath)],
      ['offClasses', list(offClasses)],
      ['offRules', list(offRules)],
      ['offApplications', list(offApplications)],
    ],
    undefined,
  );
}

function lines(open: string, items: readonly string[], close: string): string {
  return items.length === 0
    ? `${open}${close}`
    : `${open}\n${items.map((item) => `    ${item}`).join(',\n')}\n  ${close}`;
}

function overrideLine(override: OverrideRecord): string {
  const [first, second] = override.operators;
  const { kind } = override;
  switch (kind) {
    case 'fuse':
    case 'cut':
      return objectLine(
        [
          ['kind', JSON.stringify(kind)],
          ['a', operatorText(first)],
          ['b', operatorText(second)],
        ],
        override.unknown,
      );
    case 'seed':
    case 'noSeed':
      return objectLine(
        [
          ['kind', JSON.stringify(kind)],
          ['op', operatorText(first)],
        ],
        override.unknown,
      );
    case 'pin':
      return objectLine(
        [
          ['kind', JSON.stringify(kind)],
          ['ops', `[${override.operators.map(operatorText).join(', ')}]`],
        ],
        override.unknown,
      );
  }
}

function operatorText(operator: OperatorRecord | undefined): string {
  if (!operator) throw new Error('an override names too few operators');
  const fields: [string, string][] = [['id', JSON.stringify(operator.id)]];
  if (operator.type !== undefined) fields.push(['type', JSON.stringify(operator.type)]);
  if (operator.near !== undefined) fields.push(['near', JSON.stringify(operator.near)]);
  if (operator.rank !== undefined) fields.push(['rank', JSON.stringify(operator.rank)]);
  return objectLine(fields, operator.unknown);
}

function objectLine(
  fields: readonly (readonly [string, string])[],
  unknown: UnknownFields | undefined,
): string {
  const rest = [...(unknown ?? [])].map(([name, value]) => [name, JSON.stringify(value)] as const);
  const all = [...fields, ...rest].map(([name, text]) => `${JSON.stringify(name)}: ${text}`);
  return `{ ${all.join(', ')} }`;
}
