/**
 * The hover: what something is, why an edge is fused or not, and what a click would do. Answers arrive
 * from the host while it is already open. Text only.
 */
import { element, replaceChildren } from '../ui/dom.ts';
import type { DocumentState, WhatIf } from '../../compiler/protocol.ts';
import type { Actions } from '../state/actions.ts';
import { formatBytes, formatFlops, plural } from '../state/format.ts';
import { membersOf, tensorTypeText, typeName } from '../state/graphIndex.ts';
import { MAPPING_NAMES, displayName, shortType } from '../state/names.ts';
import { operatorTitle } from '../state/selectors.ts';
import type { PointerTarget } from './graph/pointer.ts';
import './tooltip.css';

const OFFSET = 14;
const VERDICT_SIGNS: Readonly<Record<WhatIf['verdict'], string>> = {
  allowed: '✓',
  warned: '!',
  refused: '✕',
};

export interface Tooltip {
  readonly element: HTMLElement;
  show(document: DocumentState, target: PointerTarget): void;
  hide(): boolean;
}

export function createTooltip(actions: Actions): Tooltip {
  const box = element('div', { class: 'tooltip', role: 'tooltip', id: 'tooltip', hidden: true });
  let shown = 0;

  const place = (x: number, y: number): void => {
    const { width, height } = box.getBoundingClientRect();
    const left = Math.min(x + OFFSET, window.innerWidth - width - 8);
    const below = y + OFFSET + height < window.innerHeight - 8;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${Math.max(8, below ? y + OFFSET : y - OFFSET - height)}px`;
  };

  return {
    element: box,
    hide() {
      const was = !box.hidden;
      box.hidden = true;
      shown++;
      return was;
    },
    show(document, target) {
      const turn = ++shown;
      const { x, y } = target.at;
      replaceChildren(box, ...describe(document, target));
      box.hidden = false;
      place(x, y);
      if (target.kind !== 'edge') return;
      const edge = target.edges[0]!;
      const a = document.graph.edges[2 * edge]!;
      const b = document.graph.edges[2 * edge + 1]!;
      const verdict = element('p', { class: 'verdict', text: '…' });
      const outcome = element('p', {
        class: 'outcome',
        text: target.inside ? 'Click: cut here.' : '…',
      });
      box.append(verdict, outcome);
      const still = (): boolean => turn === shown;
      actions.explain(edge).then(
        (sentence) => {
          if (!still()) return;
          verdict.textContent = displayName(sentence, 400);
          place(x, y);
        },
        () => verdict.remove(),
      );
      if (document.readOnly !== null) {
        outcome.textContent = `Read-only: ${document.readOnly}.`;
      } else if (!target.inside) {
        actions.whatIf(a, b).then(
          (answer) => {
            if (!still()) return;
            outcome.classList.add(answer.verdict);
            const sign = VERDICT_SIGNS[answer.verdict];
            const lead = answer.verdict === 'refused' ? '' : 'Click: ';
            outcome.textContent = `${sign} ${lead}${displayName(answer.sentence, 400)}`;
            place(x, y);
          },
          () => outcome.remove(),
        );
      }
      place(x, y);
    },
  };
}

function describe(document: DocumentState, target: PointerTarget): HTMLElement[] {
  const { graph, plan } = document;
  switch (target.kind) {
    case 'operator': {
      const { operator } = target;
      const seed = plan.blockSeed[plan.blockOf[operator]!] === operator ? ' · seed' : '';
      return [
        title(operatorTitle(document, operator)),
        line(
          `${MAPPING_NAMES[graph.mapping[operator]!]}${seed} · ${formatFlops(graph.flops[operator]!)}`,
        ),
      ];
    }
    case 'block': {
      const members = membersOf(plan, target.block);
      const types = Array.from(members.subarray(0, 12), (o) => shortType(typeName(graph, o)));
      const more = members.length > 12 ? ` … ${members.length - 12} more` : '';
      let flops = 0;
      for (const operator of members) flops += graph.flops[operator]!;
      const pinned = plan.blockPinned[target.block] === 1 ? ' · pinned' : '';
      return [
        title(`Block of ${plural(members.length, 'operator')}`),
        line(`${MAPPING_NAMES[plan.blockMapping[target.block]!]}${pinned} · ${formatFlops(flops)}`),
        line(types.join(' → ') + more),
      ];
    }
    case 'edge': {
      const edge = target.edges[0]!;
      const from = operatorTitle(document, graph.edges[2 * edge]!);
      const to = operatorTitle(document, graph.edges[2 * edge + 1]!);
      const tensor = graph.edgeTensor[edge]!;
      const type = displayName(tensorTypeText(graph, tensor), 80);
      const more = target.edges.length > 1 ? ` (and ${target.edges.length - 1} more)` : '';
      return [
        title(`${from} → ${to}${more}`),
        line(`${type} · ${formatBytes(graph.edgeBytes[edge]!)}`),
        line(displayName(graph.tensorNames[tensor] ?? '', 80)),
      ];
    }
    case 'io': {
      const tensor = (target.input ? graph.inputs : graph.outputs)[target.index]!;
      return [
        title(
          `${target.input ? 'Input' : 'Output'} ${displayName(graph.tensorNames[tensor] ?? '')}`,
        ),
        line(displayName(tensorTypeText(graph, tensor))),
      ];
    }
    case 'port':
      return [
        title(plural(target.edges.length, 'long edge')),
        line(
          target.far >= 0 ? 'Click to go to the other end.' : 'Select the node to see all ends.',
        ),
      ];
  }
}

function title(text: string): HTMLElement {
  return element('p', { class: 'tooltip-title', text });
}

function line(text: string): HTMLElement {
  return element('p', { text });
}
