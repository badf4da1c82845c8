/** What the context menu offers on a block, operator or edge. Pure: items are texts and edit requests. */
import type { DocumentState, EditRequest, TargetChoice } from '../../compiler/protocol.ts';
import type { RunTarget } from '../../compiler/run/runProtocol.ts';
import { membersOf } from './graphIndex.ts';
import { borderPairs, insidePairs, operatorTitle, seedOverride } from './selectors.ts';
import type { Resolved } from './selectors.ts';
import type { Command } from './actions.ts';
import { displayName } from './names.ts';

export interface MenuItem {
  readonly label: string;
  /** Shown at the right. */
  readonly key?: string;
  readonly does:
    | {
        readonly kind: 'edit';
        readonly request: EditRequest;
        readonly anchor: number | null;
        readonly pair?: { readonly a: number; readonly b: number };
      }
    | { readonly kind: 'command'; readonly command: Command }
    | { readonly kind: 'goTo'; readonly operator: number }
    | { readonly kind: 'toggle'; readonly block: number }
    | { readonly kind: 'kernel'; readonly block: number }
    | { readonly kind: 'target'; readonly target: RunTarget };
  /** Why it cannot be done now; shown, and spoken. */
  readonly disabled?: string;
}

/** Where models run; what cannot be used says why. */
export function targetMenu(choices: readonly TargetChoice[], current: RunTarget): Menu {
  return [
    choices.map(({ target, label, detail, available }) => ({
      label: `${displayName(label, 60)}${target === current ? ' ✓' : ''}`,
      does: { kind: 'target', target },
      ...(available ? {} : { disabled: displayName(detail, 200) }),
    })),
  ];
}

/** Groups of items, to be separated by lines. */
export type Menu = readonly (readonly MenuItem[])[];

/** More neighbours than this are folded into a count. */
const MAX_PAIRS = 6;

export function menuFor(
  document: DocumentState,
  target: Resolved | null,
  expanded: ReadonlySet<string>,
): Menu {
  const readOnly = document.readOnly ?? undefined;
  const groups: MenuItem[][] = [];
  if (target) {
    groups.push(fusing(document, target));
    if (target.kind === 'operator') groups.push(seeds(document, target.operator));
    if (target.kind !== 'edge') groups.push(block(document, target.block, expanded));
    else groups.push(ends(document, target.from, target.to));
  }
  groups.push([
    { label: 'Replan all', does: { kind: 'edit', request: { kind: 'replanAll' }, anchor: null } },
    { label: 'Expand all', key: 'Shift+E', does: { kind: 'command', command: 'expandAll' } },
    { label: 'Collapse all', key: 'Shift+C', does: { kind: 'command', command: 'collapseAll' } },
  ]);
  return groups
    .filter((group) => group.length > 0)
    .map((group) => group.map((item) => withReadOnly(item, readOnly)));
}

/** For F and X on a selection with several neighbours: which one is meant. */
export function pairMenu(document: DocumentState, resolved: Resolved, kind: 'fuse' | 'cut'): Menu {
  const pairs =
    kind === 'fuse' ? borderPairs(document, resolved, 'next') : insidePairs(document, resolved);
  return [pairs.map(({ a, b }) => pairItem(document, kind, a, b, a))];
}

function fusing(document: DocumentState, target: Resolved): MenuItem[] {
  const items: MenuItem[] = [];
  if (target.kind === 'edge') {
    const { from, to, inside } = target;
    return [pairItem(document, inside ? 'cut' : 'fuse', from, to, from)];
  }
  const next = borderPairs(document, target, 'next');
  const previous = borderPairs(document, target, 'previous');
  for (const { a, b } of next.slice(0, MAX_PAIRS)) {
    items.push({ ...fuseItem(a, b, a), label: `Fuse with next: ${operatorTitle(document, b)}` });
  }
  for (const { a, b } of previous.slice(0, MAX_PAIRS)) {
    items.push({
      ...fuseItem(a, b, b),
      label: `Fuse with previous: ${operatorTitle(document, a)}`,
    });
  }
  for (const { a, b } of insidePairs(document, target).slice(0, MAX_PAIRS)) {
    items.push(pairItem(document, 'cut', a, b, target.kind === 'operator' ? target.operator : a));
  }
  const [only] = next;
  if (only && next.length === 1) items[0] = { ...items[0]!, key: 'F' };
  return items;
}

function pairItem(
  document: DocumentState,
  kind: 'fuse' | 'cut',
  a: number,
  b: number,
  anchor: number,
): MenuItem {
  const pair = `${operatorTitle(document, a)} ${kind === 'fuse' ? '+' : '|'} ${operatorTitle(document, b)}`;
  return {
    label: `${kind === 'fuse' ? 'Fuse' : 'Cut'} ${pair}`,
    key: kind === 'fuse' ? 'F' : 'X',
    does: { kind: 'edit', request: { kind, a, b }, anchor, pair: { a, b } },
  };
}

function fuseItem(a: number, b: number, anchor: number): MenuItem {
  return {
    label: '',
    does: { kind: 'edit', request: { kind: 'fuse', a, b }, anchor, pair: { a, b } },
  };
}

function seeds(document: DocumentState, operator: number): MenuItem[] {
  const given = seedOverride(document, operator);
  const item = (kind: 'seed' | 'noSeed', label: string, off: string, key: string): MenuItem => ({
    label: given === kind ? off : label,
    key,
    does: {
      kind: 'edit',
      request: { kind, operator, on: given !== kind },
      anchor: operator,
    },
  });
  return [
    item('seed', 'Make it a seed', 'No longer force it as a seed', 'S'),
    item('noSeed', 'Never use it as a seed', 'Allow it as a seed again', 'N'),
  ];
}

function block(document: DocumentState, index: number, expanded: ReadonlySet<string>): MenuItem[] {
  const { plan } = document;
  const members = membersOf(plan, index);
  const pinned = plan.blockPinned[index] === 1;
  const open = expanded.has(plan.blockIds[index]!);
  const pin: MenuItem = {
    label: pinned ? 'Unpin block' : 'Pin block',
    key: 'P',
    does: {
      kind: 'edit',
      request: { kind: 'pin', block: index, on: !pinned },
      anchor: members[0] ?? null,
    },
  };
  const kernel: MenuItem = {
    label: 'Show kernel',
    key: 'K',
    does: { kind: 'kernel', block: index },
  };
  if (members.length < 2) return [pin, kernel];
  const toggle: MenuItem = {
    label: open ? 'Collapse block' : 'Expand block',
    key: 'E',
    does: { kind: 'toggle', block: index },
  };
  return [pin, toggle, kernel];
}

function ends(document: DocumentState, from: number, to: number): MenuItem[] {
  return [
    { label: `Go to ${operatorTitle(document, from)}`, does: { kind: 'goTo', operator: from } },
    { label: `Go to ${operatorTitle(document, to)}`, does: { kind: 'goTo', operator: to } },
  ];
}

function withReadOnly(item: MenuItem, reason: string | undefined): MenuItem {
  return reason !== undefined && item.does.kind === 'edit' ? { ...item, disabled: reason } : item;
}
