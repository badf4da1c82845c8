/** Planners side by side: sizes, measured times, a second graph beside the first, the table for the clipboard. */
import type { PlannerRow } from '../../../compiler/protocol.ts';
import { button, setDisabled } from '../../ui/controls.ts';
import { element } from '../../ui/dom.ts';
import type { Attributes, Child } from '../../ui/dom.ts';
import type { Actions } from '../../state/actions.ts';
import { groupsOf, measuredMs, sameVariant, variantName } from '../../state/comparison.ts';
import { formatBytes, formatInteger } from '../../state/format.ts';
import { displayName } from '../../state/names.ts';
import type { State } from '../../state/state.ts';
import { formatMs } from '../../state/times.ts';
import { link } from './rows.ts';
import './planners.css';

export function plannersContent(state: State, actions: Actions): Child[] {
  const { comparison, capabilities, runs } = state;
  const { rows, failed } = comparison;
  if (failed !== null) {
    return [element('p', { class: 'tag error', text: displayName(failed, 300) })];
  }
  if (!rows) {
    return [
      button({
        label: 'Plan this model with every planner, with and without rewriting',
        text: 'Compare planners',
        onClick: () => actions.run('comparePlanners'),
      }),
    ];
  }
  const idle = capabilities.trusted && runs.running === null;
  const measure = button({
    label: capabilities.trusted
      ? `Run all of them on ${displayName(runs.target.label, 60)}, one after the other`
      : 'Running code needs a trusted workspace',
    text: 'Measure all',
    onClick: () => actions.measurePlanners(),
  });
  setDisabled(measure, !idle);
  return [
    plannerTable(rows, state, actions),
    element(
      'div',
      { class: 'buttons' },
      measure,
      button({
        label: 'Copy this table as Markdown',
        text: 'Markdown',
        onClick: () => actions.copyComparison('markdown'),
      }),
      button({
        label: 'Copy this table as CSV',
        text: 'CSV',
        onClick: () => actions.copyComparison('csv'),
      }),
    ),
  ];
}

const COLUMNS = [
  ['Planner', ''],
  ['Blocks', ''],
  ['Between', 'Bytes of tensors between blocks'],
  ['Time', 'Median of the latest run at the chosen place'],
] as const;

function plannerTable(
  rows: readonly PlannerRow[],
  state: State,
  actions: Actions,
): HTMLTableElement {
  const head = COLUMNS.map(([text, title]) => headCell(text, 'col', { title }));
  return element(
    'table',
    { class: 'planners', aria: { label: 'Planners side by side' } },
    element('thead', {}, element('tr', {}, ...head)),
    ...groupsOf(rows).map(({ title, note, rows: group }) => {
      const heading = headCell(title, 'rowgroup', { class: 'group' });
      heading.colSpan = COLUMNS.length;
      heading.append(element('span', { class: 'muted', text: note }));
      return element(
        'tbody',
        {},
        element('tr', {}, heading),
        ...group.map((row) => plannerRow(row, state, actions)),
      );
    }),
  );
}

function headCell(text: string, scope: string, attributes: Attributes): HTMLTableCellElement {
  const cell = element('th', { ...attributes, text });
  cell.scope = scope;
  return cell;
}

function plannerRow(row: PlannerRow, state: State, actions: Actions): HTMLTableRowElement {
  const { comparison, runs, document } = state;
  const shown = sameVariant(comparison.beside?.variant, row);
  const control = link(
    row.planner,
    shown ? 'Close the graph beside' : 'Draw this plan beside the graph',
    () => actions.showBeside(shown ? null : { planner: row.planner, rewriting: row.rewriting }),
  );
  control.setAttribute('aria-pressed', String(shown));
  control.setAttribute('aria-label', variantName(row));
  const name = headCell('', 'row', {});
  name.append(control);
  if (isEdited(row, document)) name.append(element('span', { class: 'tag', text: 'edited' }));
  if (shown) name.append(element('span', { class: 'tag', text: 'beside' }));
  return element(
    'tr',
    shown ? { class: 'shown' } : {},
    name,
    element('td', { text: formatInteger(row.blocks) }),
    element('td', { text: formatBytes(row.bytes) }),
    element('td', { text: formatMs(measuredMs(runs, row)) }),
  );
}

/** Whether it is the plan in the editor; overrides make that one of its own. */
function isEdited(row: PlannerRow, document: State['document']): boolean {
  if (!document || document.plan.overrides.length > 0) return false;
  const { enabled } = document.graph.rewrites.settings;
  return sameVariant({ planner: document.plan.planner, rewriting: enabled }, row);
}
