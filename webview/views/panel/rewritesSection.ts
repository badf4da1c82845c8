/** What rewriting did, by rule with what it saves; every application can be looked at and switched off. */
import type { DocumentState, RewriteRow } from '../../../compiler/protocol.ts';
import { checkbox } from '../../ui/controls.ts';
import { element } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type { Actions } from '../../state/actions.ts';
import { formatBytes, formatCount, formatInteger } from '../../state/format.ts';
import { displayName } from '../../state/names.ts';
import {
  changeText,
  groupText,
  namesOf,
  placeOf,
  ruleTitle,
  rulesOf,
  savingsText,
  switched,
} from '../../state/rewrites.ts';
import type { RuleGroup } from '../../state/rewrites.ts';
import type { State } from '../../state/state.ts';
import { link, list, table } from './rows.ts';
import { sketchPair } from './sketch.ts';
import './rewrites.css';

const MAX_ROWS = 60;

export function rewritesContent(state: State, actions: Actions): Child[] {
  const { document } = state;
  if (!document) return [];
  const { rewrites } = document.graph;
  const { settings, before, after } = rewrites;
  const editable = document.readOnly === null;
  const groups = rulesOf(rewrites);
  return [
    element(
      'div',
      { class: 'switches' },
      checkbox({
        label: 'Rewrite by mathematical properties',
        checked: settings.enabled,
        disabled: !editable,
        onToggle: (enabled) => actions.edit({ kind: 'rewrite', change: { enabled } }, null),
      }),
      checkbox({
        label: 'Fast math',
        title: 'Also rules that can change the domain of a value, such as √b · √b → b',
        checked: settings.fastMath,
        disabled: !editable || !settings.enabled,
        onToggle: (fastMath) => actions.edit({ kind: 'rewrite', change: { fastMath } }, null),
      }),
      checkbox({
        label: 'Mark on the graph',
        checked: state.rewritesMarked,
        onToggle: (on) => actions.markRewrites(on),
      }),
    ),
    table([
      ['operators', changeText(before.operators, after.operators, formatInteger)],
      ['FLOPs', changeText(before.flops, after.flops, formatCount)],
      ['tensor bytes', changeText(before.bytes, after.bytes, formatBytes)],
    ]),
    groups.length === 0 &&
      element('p', {
        class: 'muted',
        text: settings.enabled ? 'No rule applies to this model.' : 'Rewriting is off.',
      }),
    ...groups.map((group) => ruleBox(group, state, document, actions, editable)),
  ];
}

function ruleBox(
  group: RuleGroup,
  state: State,
  document: DocumentState,
  actions: Actions,
  editable: boolean,
): HTMLElement {
  const { rule, ruleClass, applied, declined } = group;
  const { settings } = document.graph.rewrites;
  const rows = [...applied, ...declined];
  const more = rows.length - MAX_ROWS;
  const names = namesOf(rows);
  const box = element(
    'details',
    { class: 'rule' },
    element(
      'summary',
      {},
      element('span', { text: `${ruleTitle(displayName(rule, 60))} (${applied.length})` }),
      element('span', { class: 'tag', text: ruleClass }),
      element('div', { class: 'muted', text: groupText(group, settings) }),
    ),
    checkbox({
      label: 'This rule',
      checked: !settings.offRules.includes(rule),
      disabled: !editable || settings.offClasses.includes(ruleClass),
      onToggle: (on) =>
        actions.edit({ kind: 'rewrite', change: switched(settings, 'offRules', rule, on) }, null),
    }),
    checkbox({
      label: `All ${ruleClass} rules`,
      checked: !settings.offClasses.includes(ruleClass),
      disabled: !editable,
      onToggle: (on) =>
        actions.edit(
          { kind: 'rewrite', change: switched(settings, 'offClasses', ruleClass, on) },
          null,
        ),
    }),
    list(
      ...rows
        .slice(0, MAX_ROWS)
        .map((row, at) => applicationRow(row, names[at]!, state, document, actions)),
      more > 0 && element('li', { class: 'muted', text: `and ${formatInteger(more)} more` }),
    ),
  );
  // Filling the section again must not fold what the user looks at.
  box.open = rows.some(({ id }) => id === state.rewrite?.id) || openRules.has(rule);
  box.addEventListener('toggle', () => {
    if (box.open) openRules.add(rule);
    else openRules.delete(rule);
  });
  return box;
}

/** Rules whose applications are unfolded, for as long as the page lives. */
const openRules = new Set<string>();

function applicationRow(
  row: RewriteRow,
  short: string,
  { rewrite }: State,
  document: DocumentState,
  actions: Actions,
): HTMLElement {
  const { settings } = document.graph.rewrites;
  const shown = rewrite?.id === row.id ? rewrite : null;
  const name = placeOf(row);
  const control = link(short, `${name}: ${shown ? 'hide' : 'show'} before and after`, () =>
    actions.showRewrite(shown ? null : row.id),
  );
  control.setAttribute('aria-expanded', String(shown !== null));
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'border-line' },
      control,
      checkbox({
        label: `Apply at ${displayName(name, 80)}`,
        class: 'bare',
        title: 'Apply the rule here',
        checked: !settings.offApplications.includes(row.id),
        disabled: document.readOnly !== null,
        onToggle: (on) =>
          actions.edit(
            { kind: 'rewrite', change: switched(settings, 'offApplications', row.id, on) },
            row.operators[0] ?? null,
          ),
      }),
    ),
    element('div', { class: 'muted', text: savingsText(row.saves) }),
    shown &&
      !shown.sketches &&
      !shown.failed &&
      element('p', { class: 'muted', text: 'Loading …' }),
    shown?.failed && element('p', { class: 'tag error', text: displayName(shown.failed, 200) }),
    shown?.sketches && sketchPair(shown.sketches),
  );
}
