/** Sections about the whole plan: the user's overrides, dim bindings, diagnostics, the model. */
import { button, textField } from '../../ui/controls.ts';
import { ICONS, element, icon } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import type { Override, OverrideOutcome } from '../../../compiler/fusion/plan.ts';
import type { Diagnostic } from '../../../compiler/diagnostics.ts';
import type { DocumentState, SymbolSnapshot } from '../../../compiler/protocol.ts';
import type { Actions } from '../../state/actions.ts';
import { formatBytes, formatInteger, plural } from '../../state/format.ts';
import { graphIndex } from '../../state/graphIndex.ts';
import { displayName } from '../../state/names.ts';
import { operatorTitle } from '../../state/selectors.ts';
import { link, list, table } from './rows.ts';

const MAX_ROWS = 100;
/** As the host: a size has to fit a tensor. */
const LARGEST_DIM = 2 ** 31 - 1;

const OVERRIDE_VERBS: Readonly<Record<Override['kind'], string>> = {
  fuse: 'Fuse',
  cut: 'Cut',
  seed: 'Seed',
  noSeed: 'No seed',
  pin: 'Pin',
};

export function overridesContent(document: DocumentState, actions: Actions): Child[] {
  const { overrides } = document.plan;
  if (overrides.length === 0) {
    return [element('p', { class: 'muted', text: 'None: the plan is the planner’s own.' })];
  }
  const editable = document.readOnly === null;
  const rows = overrides
    .slice(0, MAX_ROWS)
    .map((outcome) => overrideRow(outcome, document, actions, editable));
  const clear = button({
    label: 'Remove all overrides',
    text: 'Remove all',
    onClick: () => actions.edit({ kind: 'clearOverrides' }, null),
  });
  const replan = button({
    label: 'Plan the whole model again with these overrides',
    text: 'Replan all',
    onClick: () => actions.edit({ kind: 'replanAll' }, null),
  });
  return [list(...rows), editable && element('div', { class: 'buttons' }, replan, clear)];
}

function overrideRow(
  { override, status, message }: OverrideOutcome,
  document: DocumentState,
  actions: Actions,
  editable: boolean,
): HTMLElement {
  const operators =
    override.kind === 'pin'
      ? override.ops
      : 'op' in override
        ? [override.op]
        : [override.a, override.b];
  const { operatorOfId } = graphIndex(document.graph);
  const name = (id: string): string => {
    const operator = operatorOfId.get(id);
    return operator === undefined ? displayName(id, 40) : operatorTitle(document, operator);
  };
  const shown = operators
    .slice(0, 3)
    .map(name)
    .join(override.kind === 'fuse' ? ' + ' : ', ');
  const more = operators.length > 3 ? ` and ${operators.length - 3} more` : '';
  const text = `${OVERRIDE_VERBS[override.kind]}: ${shown}${more}`;
  const target = operatorOfId.get(operators[0] ?? '');
  const label =
    target === undefined
      ? element('span', { text })
      : link(text, 'Go there', () => actions.goToOperator(target));
  return element(
    'li',
    { class: `override ${status}` },
    element(
      'div',
      { class: 'border-line' },
      label,
      element('span', { class: `tag ${status}`, text: status }),
      editable &&
        button(
          {
            appearance: 'icon',
            label: `Remove: ${text}`,
            onClick: () => actions.edit({ kind: 'removeOverride', override }, target ?? null),
          },
          icon(ICONS.close),
        ),
    ),
    message !== undefined && element('div', { class: 'sentence', text: displayName(message, 400) }),
  );
}

export function symbolsContent(document: DocumentState, actions: Actions): Child[] {
  const { symbols } = document.graph;
  const inputs = symbols.filter(({ origin }) => origin === 'input').slice(0, MAX_ROWS);
  const data = symbols.filter(({ origin }) => origin === 'data');
  const readOnly = document.readOnly !== null;
  return [
    element('p', {
      class: 'muted',
      text: 'Sizes the model leaves open. They rank candidates; a plan does not depend on them being right.',
    }),
    element('div', { class: 'symbols' }, ...inputs.map((s) => symbolRow(s, readOnly, actions))),
    data.length > 0 &&
      element(
        'details',
        { class: 'data-sizes' },
        element('summary', {
          text: `${plural(data.length, 'size')} known only when the model runs`,
        }),
        table(
          data
            .slice(0, MAX_ROWS)
            .map(({ name, fallback }) => [name, `ranked as ${formatInteger(fallback)}`] as const),
        ),
      ),
  ];
}

function symbolRow(symbol: SymbolSnapshot, readOnly: boolean, actions: Actions): HTMLElement {
  // The end tells generated names apart.
  const name = displayName(symbol.name, 18);
  const field = textField({
    label: `Size of ${name}`,
    placeholder: `${symbol.fallback} (not bound)`,
    value: symbol.bound === null ? '' : String(symbol.bound),
    class: 'symbol-field',
    onChange: (value) => {
      const size = parseSize(value);
      if (size === undefined) {
        field.value = symbol.bound === null ? '' : String(symbol.bound);
        field.title = `A whole number from 1 to ${formatInteger(LARGEST_DIM)}, or empty.`;
      } else if (size !== symbol.bound) {
        actions.edit({ kind: 'bind', symbol: symbol.name, size }, null);
      }
    },
  });
  field.readOnly = readOnly;
  return element(
    'div',
    { class: 'symbol' },
    element('span', { class: 'symbol-name', text: name, title: displayName(symbol.name, 300) }),
    field,
  );
}

/** null: unbound; undefined: not a size. */
function parseSize(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (!/^\d{1,10}$/.test(trimmed)) return undefined;
  const size = Number(trimmed);
  return size >= 1 && size <= LARGEST_DIM ? size : undefined;
}

export function diagnosticsContent(document: DocumentState, actions: Actions): Child[] {
  const { diagnostics, graph } = document;
  if (diagnostics.length === 0) return [element('p', { class: 'muted', text: 'None.' })];
  const { operatorOfId } = graphIndex(graph);
  const row = ({ code, severity, message, node }: Diagnostic): HTMLElement => {
    const operator = node === undefined ? undefined : operatorOfId.get(node);
    const text = displayName(message, 400);
    return element(
      'li',
      { class: `diagnostic ${severity}` },
      element('span', { class: `tag ${severity}`, text: severity }),
      operator === undefined
        ? element('span', { text })
        : link(text, 'Go to the operator', () => actions.goToOperator(operator)),
      element('div', { class: 'code muted', text: code }),
    );
  };
  const more = diagnostics.length - MAX_ROWS;
  return [
    list(
      ...diagnostics.slice(0, MAX_ROWS).map(row),
      more > 0 && element('li', { class: 'muted', text: `and ${formatInteger(more)} more` }),
    ),
  ];
}

export function modelContent({ graph, timings }: DocumentState): Child[] {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  return [
    table([
      ['file', graph.modelName],
      ['producer', graph.producer],
      ['opsets', graph.opsets],
      ['weights', `${plural(graph.weightCount, 'tensor')}, ${formatBytes(graph.weightBytes)}`],
      ['inputs, outputs', `${graph.inputs.length}, ${graph.outputs.length}`],
      ['import', ms(timings.importMs)],
      ['shapes', ms(timings.inferMs)],
      ['plan', ms(timings.planMs)],
    ]),
  ];
}
