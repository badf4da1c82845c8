/** Planners side by side: sizes, measured times, a second graph beside the first, the table for the clipboard. */
import type { PlannerRow } from '../../../compiler/protocol.ts';
import { button } from '../../ui/controls.ts';
import { element } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type { Actions } from '../../state/actions.ts';
import { measuredMs, sameVariant, variantName } from '../../state/comparison.ts';
import { formatBytes, formatFlops, formatInteger, plural } from '../../state/format.ts';
import { displayName } from '../../state/names.ts';
import type { State } from '../../state/state.ts';
import { formatMs } from '../../state/times.ts';
import { link, list } from './rows.ts';

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
  return [
    list(...rows.map((row) => plannerRow(row, state, actions))),
    element(
      'div',
      { class: 'buttons' },
      button({
        label: `Run all of them on ${displayName(runs.target.label, 40)}, one after the other`,
        text: 'Measure all',
        onClick: () => idle && actions.measurePlanners(),
      }),
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

function plannerRow(row: PlannerRow, state: State, actions: Actions): HTMLElement {
  const { comparison, runs, document } = state;
  const shown = sameVariant(comparison.beside?.variant, row);
  const current =
    document !== null &&
    document.plan.overrides.length === 0 &&
    sameVariant(
      {
        planner: document.plan.planner,
        rewriting: document.graph.rewrites.settings.enabled,
      },
      row,
    );
  const ms = measuredMs(runs, row);
  const control = link(
    variantName(row),
    shown ? 'Close the graph beside' : 'Draw this plan beside the graph',
    () => actions.showBeside(shown ? null : { planner: row.planner, rewriting: row.rewriting }),
  );
  control.setAttribute('aria-pressed', String(shown));
  const numbers = [
    plural(row.blocks, 'block'),
    `${formatInteger(row.operators)} operators`,
    formatFlops(row.flops),
    formatBytes(row.bytes),
  ];
  return element(
    'li',
    {},
    element(
      'div',
      { class: 'border-line' },
      control,
      shown && element('span', { class: 'tag', text: 'beside' }),
      current && element('span', { class: 'tag', text: 'edited here' }),
      Number.isFinite(ms) && element('strong', { text: formatMs(ms) }),
    ),
    element('div', { class: 'muted', text: numbers.join(' · ') }),
  );
}
