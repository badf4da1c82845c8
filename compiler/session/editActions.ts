/**
 * What a click means for the user's edits. Pure: an EditRequest (operator and block indices of the shown
 * plan) becomes candidate `PlanEdits`, best first. Undoing one's own override is preferred to stacking an
 * opposite one on top, so the host tries the candidates in order and keeps the first whose plan does
 * what was asked.
 */
import type { Override, PlanEdits } from '../fusion/plan.ts';
import { DEFAULT_REWRITES } from '../rewrite/rewrite.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import type { EditRequest, GraphSnapshot, PlanSnapshot } from '../protocol.ts';

export interface EditProposal {
  /** One line for undo menus: 'Fuse Conv and Relu'. */
  readonly label: string;
  readonly candidates: readonly PlanEdits[];
  /** Whether the new plan does what was asked. Always true for requests that cannot be refused. */
  readonly satisfied: (plan: PlanSnapshot) => boolean;
  /** The override whose outcome explains a refusal. */
  readonly override?: Override;
}

type Shown = { readonly graph: GraphSnapshot; readonly plan: PlanSnapshot };

export function proposeEdit(edits: PlanEdits, request: EditRequest, shown: Shown): EditProposal {
  const { graph } = shown;
  const name = (operator: number): string =>
    graph.operatorTypes[graph.typeOf[operator] ?? 0] ?? 'operator';
  switch (request.kind) {
    case 'fuse':
    case 'cut':
      return proposePair(edits, request, graph, name);
    case 'seed':
    case 'noSeed': {
      const op = idOf(graph, request.operator);
      const override: Override = { kind: request.kind, op };
      const others = without(
        edits,
        (o) => (o.kind === 'seed' || o.kind === 'noSeed') && o.op === op,
      );
      const title = request.kind === 'seed' ? 'seed' : 'no seed';
      return {
        label: `${request.on ? 'Make' : 'Clear'} ${title}: ${name(request.operator)}`,
        candidates: [request.on ? withOverride(others, override) : others],
        satisfied: () => true,
        ...(request.on ? { override } : {}),
      };
    }
    case 'pin':
      return proposePin(edits, request, shown);
    case 'removeOverride': {
      const key = overrideKey(request.override);
      return always(
        'Remove override',
        without(edits, (o) => overrideKey(o) === key),
      );
    }
    case 'planner':
      return always(`Planner: ${request.planner}`, {
        ...edits,
        planner: request.planner,
        replannedAt: edits.overrides.length,
      });
    case 'bind': {
      const bindings = { ...edits.bindings };
      if (request.size === null) delete bindings[request.symbol];
      else bindings[request.symbol] = request.size;
      const label =
        request.size === null ? `Unbind ${request.symbol}` : `${request.symbol} = ${request.size}`;
      return always(label, { ...edits, bindings });
    }
    case 'device': {
      const { device: _, ...general } = edits;
      const { device } = request;
      return always(device === null ? 'Plan without measured times' : 'Plan for this device', {
        ...general,
        ...(device === null ? {} : { device }),
        replannedAt: edits.overrides.length,
      });
    }
    case 'rewrite':
      return always(rewriteLabel(request.change), {
        ...edits,
        rewrite: { ...(edits.rewrite ?? DEFAULT_REWRITES), ...request.change },
      });
    case 'replanAll':
      return always('Replan all', { ...edits, replannedAt: edits.overrides.length });
    case 'clearOverrides':
      return always('Remove all overrides', { ...edits, overrides: [], replannedAt: 0 });
  }
}

/** Two overrides with equal keys say the same. */
export function overrideKey(override: Override): string {
  switch (override.kind) {
    case 'fuse':
    case 'cut':
      return JSON.stringify([override.kind, ...[override.a, override.b].sort()]);
    case 'seed':
    case 'noSeed':
      return JSON.stringify([override.kind, override.op]);
    case 'pin':
      return JSON.stringify([override.kind, ...[...override.ops].sort()]);
  }
}

function proposePair(
  edits: PlanEdits,
  request: Extract<EditRequest, { kind: 'fuse' | 'cut' }>,
  graph: GraphSnapshot,
  name: (operator: number) => string,
): EditProposal {
  const a = idOf(graph, request.a);
  const b = idOf(graph, request.b);
  const override: Override = { kind: request.kind, a, b };
  const opposite = overrideKey({ kind: request.kind === 'fuse' ? 'cut' : 'fuse', a, b });
  const same = overrideKey(override);
  const cleared = without(edits, (o) => overrideKey(o) === opposite || overrideKey(o) === same);
  const candidates = [withOverride(cleared, override)];
  if (edits.overrides.some((o) => overrideKey(o) === opposite)) candidates.unshift(cleared);
  const fuse = request.kind === 'fuse';
  return {
    label: `${fuse ? 'Fuse' : 'Cut'} ${name(request.a)} ${fuse ? 'and' : '|'} ${name(request.b)}`,
    candidates,
    satisfied: (plan) => (plan.blockOf[request.a] === plan.blockOf[request.b]) === fuse,
    override,
  };
}

function proposePin(
  edits: PlanEdits,
  request: Extract<EditRequest, { kind: 'pin' }>,
  { graph, plan }: Shown,
): EditProposal {
  const ops: string[] = [];
  plan.blockOf.forEach((block, operator) => {
    if (block === request.block) ops.push(idOf(graph, operator));
  });
  const members = new Set(ops);
  const cleared = without(edits, (o) => o.kind === 'pin' && o.ops.some((op) => members.has(op)));
  const override: Override = { kind: 'pin', ops };
  return {
    label: `${request.on ? 'Pin' : 'Unpin'} block of ${ops.length} operator${ops.length === 1 ? '' : 's'}`,
    candidates: [request.on ? withOverride(cleared, override) : cleared],
    satisfied: () => true,
    ...(request.on ? { override } : {}),
  };
}

function rewriteLabel({ enabled, fastMath }: Partial<RewriteSettings>): string {
  if (enabled !== undefined) return enabled ? 'Rewriting on' : 'Rewriting off';
  if (fastMath !== undefined) return fastMath ? 'Fast math on' : 'Fast math off';
  return 'Change rewriting';
}

function always(label: string, edits: PlanEdits): EditProposal {
  return { label, candidates: [edits], satisfied: () => true };
}

function withOverride(edits: PlanEdits, override: Override): PlanEdits {
  return { ...edits, overrides: [...edits.overrides, override] };
}

function without(edits: PlanEdits, matches: (override: Override) => boolean): PlanEdits {
  const overrides: Override[] = [];
  let replannedAt = 0;
  edits.overrides.forEach((override, index) => {
    if (matches(override)) return;
    overrides.push(override);
    if (index < edits.replannedAt) replannedAt++;
  });
  return { ...edits, overrides, replannedAt };
}

function idOf(graph: GraphSnapshot, operator: number): string {
  const id = graph.ids[operator];
  if (id === undefined) throw new RangeError(`no operator ${operator}`);
  return id;
}
