/** The selected operator or block: everything known about it, and ways to its neighbours. */
import { button } from '../../ui/controls.ts';
import { element } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type {
  BlockDetails,
  BorderDetails,
  DocumentState,
  OperatorDetails,
  ShownRun,
  TensorDetails,
} from '../../../compiler/protocol.ts';
import type { Actions } from '../../state/actions.ts';
import { formatBytes, formatFlops, formatInteger, plural } from '../../state/format.ts';
import { membersOf, typeName } from '../../state/graphIndex.ts';
import { MAPPING_NAMES, MAPPING_TYPES, displayName, shortType } from '../../state/names.ts';
import { operatorTitle } from '../../state/selectors.ts';
import type { State, WeightState } from '../../state/state.ts';
import { blockTimeTexts } from '../../state/times.ts';
import { weightView } from './histogram.ts';
import { heading, link, list, table } from './rows.ts';

/** Rows of one list before the rest becomes a count. */
const MAX_ROWS = 60;

export function selectionContent(state: State, actions: Actions): Child[] {
  const { document, details, selection } = state;
  if (!document || !selection) return [hint()];
  if (!details) return [];
  if (details.failed !== null) {
    return [element('p', { class: 'failed', text: displayName(details.failed, 400) })];
  }
  if (!details.value) return [element('p', { class: 'muted', text: 'Loading …' })];
  return details.value.kind === 'operator'
    ? operatorContent(details.value, document, state.weights, actions)
    : blockContent(details.value, document, state.runs.shown, actions);
}

function hint(): HTMLElement {
  return element('p', {
    class: 'muted',
    text:
      'Select a block, operator or edge. Click an edge between blocks to fuse them, inside a block to cut it. ' +
      'Double-click a block to see its operators.',
  });
}

function operatorContent(
  details: OperatorDetails,
  document: DocumentState,
  weights: State['weights'],
  actions: Actions,
): Child[] {
  const { plan } = document;
  const block = plan.blockOf[details.operator] ?? -1;
  const members = block >= 0 ? membersOf(plan, block).length : 0;
  const seed = plan.blockSeed[block] === details.operator;
  const place =
    members > 1
      ? link(
          `block of ${plural(members, 'operator')}${seed ? ' (its seed)' : ''}`,
          'Go to the block',
          () => actions.goToBlock(block),
        )
      : `alone in its block${seed ? ' (a seed)' : ''}`;
  return [
    element('h2', { text: displayName(details.type, 80) }),
    table([
      ['name', details.name],
      ['id', details.id === details.name ? '' : details.id],
      ['mapping', mappingText(details.mapping, details.mappingNote)],
      ['block', place],
      ['FLOPs', grouped(details.flops)],
      ['IRS (bytes)', grouped(details.irs)],
      ['properties', details.properties.join(', ')],
      ['from', details.originalIds.length > 1 ? details.originalIds.join(', ') : ''],
      ['subgraphs', details.subgraphs.join(', ')],
    ]),
    details.attributes.length > 0 && heading('Attributes'),
    details.attributes.length > 0 && table(details.attributes),
    heading('Inputs'),
    tensors(details.inputs, document, weights, actions, true),
    heading('Outputs'),
    tensors(details.outputs, document, weights, actions, false),
    ...borders(details.borders, document, actions),
  ];
}

function blockContent(
  details: BlockDetails,
  document: DocumentState,
  run: ShownRun | null,
  actions: Actions,
): Child[] {
  const { operators, seed } = details;
  const shown = operators.slice(0, MAX_ROWS).map((operator) =>
    element(
      'li',
      {},
      link(operatorTitle(document, operator), 'Go to the operator', () =>
        actions.goToOperator(operator),
      ),
      operator === seed && element('span', { class: 'tag', text: 'seed' }),
    ),
  );
  return [
    element('h2', { text: `Block of ${plural(operators.length, 'operator')}` }),
    table([
      ['mapping', mappingText(details.mapping)],
      ['pinned', details.pinned ? 'yes' : ''],
      ['seed', seed >= 0 ? operatorTitle(document, seed) : 'none'],
      ['FLOPs', formatFlops(details.flops)],
      ['bytes in', formatBytes(details.bytesIn)],
      ['bytes out', formatBytes(details.bytesOut)],
      ['never stored', formatBytes(details.bytesInside)],
      ['time', run ? blockTimeTexts(run, details.block)[0] : ''],
    ]),
    element(
      'div',
      { class: 'buttons' },
      button({
        label: 'Show the generated kernel (K)',
        text: 'Show kernel',
        onClick: () => actions.showKernel(details.block),
      }),
    ),
    heading('Operators'),
    list(...shown, rest(operators.length)),
    ...borders(details.borders, document, actions),
  ];
}

function tensors(
  values: readonly TensorDetails[],
  document: DocumentState,
  weights: State['weights'],
  actions: Actions,
  inputs: boolean,
): HTMLElement {
  if (values.length === 0) return element('p', { class: 'muted', text: 'none' });
  const rows = values
    .slice(0, MAX_ROWS)
    .map((value, i) => tensor(value, i, document, weights, actions, inputs));
  return list(...rows, rest(values.length));
}

function tensor(
  value: TensorDetails,
  position: number,
  document: DocumentState,
  weights: State['weights'],
  actions: Actions,
  input: boolean,
): HTMLElement {
  if (value.origin === 'absent') {
    return element('li', { class: 'muted', text: `${position}: not given` });
  }
  const facts = [displayName(value.type, 100)];
  if (value.bytes !== undefined) facts.push(formatBytes(value.bytes));
  if (value.mapping !== undefined) facts.push(mappingText(value.mapping));
  const go =
    input && value.origin === 'operator'
      ? link(`from ${producer(document, value.operator)}`, 'Go to the producer', () =>
          actions.goToOperator(value.operator),
        )
      : input
        ? element('span', { class: 'tag', text: value.origin })
        : null;
  const { constant } = value;
  return element(
    'li',
    {},
    element('div', {
      class: 'tensor-name',
      text: displayName(value.name, 80),
      title: displayName(value.name, 300),
    }),
    element('div', { class: 'muted', text: facts.join(' · ') }),
    go,
    value.preview !== undefined &&
      element('div', { class: 'preview', text: displayName(value.preview, 200) }),
    constant !== undefined && weight(constant, weights.get(constant), actions),
  );
}

function weight(constant: number, state: WeightState | undefined, actions: Actions): HTMLElement {
  switch (state?.kind) {
    case undefined:
      return link(
        'Show statistics',
        'Read the weight and show how its values are distributed',
        () => actions.askWeight(constant),
      );
    case 'loading':
      return element('div', { class: 'muted', text: 'Reading …' });
    case 'failed':
      return element('div', { class: 'failed', text: displayName(state.message, 300) });
    case 'ready':
      return weightView(state.value);
  }
}

function borders(
  all: readonly BorderDetails[],
  document: DocumentState,
  actions: Actions,
): Child[] {
  if (all.length === 0) return [];
  const rows = all.slice(0, MAX_ROWS).map((border) => borderRow(border, document, actions));
  return [heading('Edges and reasons'), list(...rows, rest(all.length))];
}

function borderRow(border: BorderDetails, document: DocumentState, actions: Actions): HTMLElement {
  const { edge, from, to, sentence } = border;
  const { graph, plan } = document;
  const inside = plan.blockOf[from] === plan.blockOf[to];
  const name = (operator: number): string => shortType(typeName(graph, operator));
  const verb = inside ? 'Cut' : 'Fuse';
  const title = `${operatorTitle(document, from)} → ${operatorTitle(document, to)}`;
  const act = button({
    label: `${verb} ${title}`,
    text: verb,
    class: 'small',
    onClick: () =>
      actions.edit({ kind: inside ? 'cut' : 'fuse', a: from, b: to }, from, { a: from, b: to }),
  });
  return element(
    'li',
    { class: 'border-row' },
    element(
      'div',
      { class: 'border-line' },
      element('span', {
        class: inside ? 'sign fused' : 'sign',
        text: inside ? '●' : '○',
        aria: { hidden: 'true' },
      }),
      link(`${name(from)} → ${name(to)}`, `Go to ${title}`, () => actions.goToEdge(edge)),
      document.readOnly === null && act,
    ),
    element('div', { class: 'sentence', text: displayName(sentence, 400) }),
  );
}

function rest(count: number): HTMLElement | null {
  if (count <= MAX_ROWS) return null;
  return element('li', { class: 'muted', text: `and ${formatInteger(count - MAX_ROWS)} more` });
}

/** '483328000' is easier to read as '483,328,000'; formulas in symbols stay as they are. */
function grouped(value: string): string {
  return /^\d{4,15}$/.test(value) ? formatInteger(Number(value)) : value;
}

function producer(document: DocumentState, operator: number): string {
  return operatorTitle(document, operator);
}

/** Details carry either the identifier or the spelled name. */
function mappingText(mapping: string, note?: string): string {
  const index = (MAPPING_TYPES as readonly string[]).indexOf(mapping);
  const name = index >= 0 ? MAPPING_NAMES[index]! : mapping;
  return note === undefined || note === '' ? name : `${name} (${note})`;
}
