/**
 * RNN 22, GRU 22 and LSTM 22: one pass over time for each direction. The input's part of the gates is a product
 * of its own over all steps; a step adds the state's part, applies the activations and keeps the new state.
 * Rows that are shorter than the longest one keep their last state, and their outputs are 0 from there on.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { cast, compare, indexValue, literal, load, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, multiply, subtract } from '../loop/indexExpr.ts';
import { localBuffer } from '../loop/ir.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Activation } from './recurrentActivations.ts';
import { activationsOf, clipOf } from './recurrentActivations.ts';
import type { Scope } from './scope.ts';
import { minus, plus, times } from './terms.ts';

interface Layer {
  readonly op: LowerOp;
  readonly type: ScalarType;
  readonly gates: number;
  readonly hidden: Index;
  readonly batch: Index;
  readonly steps: Index;
  readonly directions: number;
  readonly x: Field;
  readonly w: Field;
  readonly r: Field;
  readonly bias: Field | undefined;
  readonly lengths: Field | undefined;
  /** Layout 1: batch first. */
  readonly batchFirst: boolean;
  readonly clip: (x: Expr) => Expr;
  /** W·x + Wb per step, direction, batch, gate cell: what does not depend on the state. */
  readonly projected: Field;
}

/** The buffers that one direction works on. */
interface State {
  readonly h: Buffer;
  /** States that are complete only after the step: read from `h`, written here. */
  readonly next: Buffer;
  readonly c: Buffer | undefined;
}

/** One cell of the hidden state after a step; may store to `state.c`. */
type Cell = (scope: Scope, at: CellAt) => Expr;

interface CellAt {
  readonly d: number;
  /** Index of time in the input. */
  readonly t: Index;
  readonly b: Index;
  readonly j: Index;
  readonly state: State;
}

function layerOf(op: LowerOp, gates: number): Layer {
  const [x, w, r] = [op.input(0), op.input(1), op.input(2)];
  const batchFirst = op.int('layout', 0) !== 0;
  const [steps, batch] = batchFirst ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
  const hidden = r.shape[2]!;
  const directions = op.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const type = op.outputScalar(firstOutput(op));
  const bias = op.optional(3);
  const width = x.shape[2]!;
  const rows = multiply(hidden, gates);
  const projected = op.make({
    hint: 'projected',
    shape: [steps, constant(directions), batch, rows],
    storage: type,
    cost: 'heavy',
    element: (scope, [t, d, b, row]) => {
      const start = bias === undefined ? literal(type, 0) : scope.at(bias, [d!, row!]);
      return scope.fold('acc', start, [width], (inner, [k], soFar) => {
        const value = inner.at(x, batchFirst ? [b!, t!, k!] : [t!, b!, k!]);
        return plus(soFar, times(value, inner.at(w, [d!, row!, k!])));
      });
    },
  });
  return {
    op,
    type,
    gates,
    hidden,
    batch,
    steps,
    directions,
    x,
    w,
    r,
    bias,
    lengths: op.optional(4),
    batchFirst,
    clip: clipOf(op),
    projected,
  };
}

function firstOutput(op: LowerOp): number {
  for (let slot = 0; slot < op.outputCount; slot++) if (op.hasOutput(slot)) return slot;
  return op.unsupported('it has no output');
}

/** Input part of gate `gate` of cell j. */
function inputPart({ projected, hidden }: Layer, scope: Scope, gate: number, at: CellAt): Expr {
  const row = add(multiply(hidden, gate), at.j);
  return scope.at(projected, [at.t, constant(at.d), at.b, row]);
}

/** Recurrent part: R·h, without its bias. `of` gives the state's element k. */
function statePart(
  { r, hidden, type }: Layer,
  scope: Scope,
  gate: number,
  at: CellAt,
  of: (scope: Scope, k: Index) => Expr = (_, k) => load(at.state.h, [at.b, k]),
): Expr {
  const row = add(multiply(hidden, gate), at.j);
  return scope.fold('acc', literal(type, 0), [hidden], (inner, [k], soFar) =>
    plus(soFar, times(of(inner, k!), inner.at(r, [constant(at.d), row, k!]))),
  );
}

function stateBias({ bias, hidden, gates }: Layer, scope: Scope, gate: number, at: CellAt) {
  if (bias === undefined) return undefined;
  return scope.at(bias, [constant(at.d), add(multiply(hidden, gates + gate), at.j)]);
}

/** The whole input of a gate's activation, clipped by the caller. */
function gateInput(layer: Layer, scope: Scope, gate: number, at: CellAt): Expr {
  const sum = plus(inputPart(layer, scope, gate, at), statePart(layer, scope, gate, at));
  const own = stateBias(layer, scope, gate, at);
  return own === undefined ? sum : plus(sum, own);
}

const rnn: Lowering = (op) => {
  const layer = layerOf(op, 1);
  const functions = activationsOf(op, ['Tanh'], layer.directions);
  const cell: Cell = (scope, at) => {
    const [f] = functions[at.d]! as readonly [Activation];
    return f(layer.clip(gateInput(layer, scope, 0, at)));
  };
  return overTime(layer, cell, false);
};

/** Gates z (update), r (reset), h. */
const gru: Lowering = (op) => {
  const layer = layerOf(op, 3);
  const functions = activationsOf(op, ['Sigmoid', 'Tanh'], layer.directions);
  const linearFirst = op.int('linear_before_reset', 0) !== 0;
  const { type, hidden, batch, clip } = layer;
  const resetOf = (scope: Scope, at: CellAt): Expr => {
    const [f] = functions[at.d]! as readonly [Activation, Activation];
    return scope.bind('reset', f(clip(gateInput(layer, scope, 1, at))));
  };
  let reset: Buffer | undefined;
  const cell: Cell = (scope, at) => {
    const [f, g] = functions[at.d]! as readonly [Activation, Activation];
    const update = scope.bind('update', f(clip(gateInput(layer, scope, 0, at))));
    const ownBias = stateBias(layer, scope, 2, at);
    const biased = (x: Expr): Expr => (ownBias === undefined ? x : plus(x, ownBias));
    const fromInput = inputPart(layer, scope, 2, at);
    const fromState = linearFirst
      ? times(resetOf(scope, at), biased(statePart(layer, scope, 2, at)))
      : biased(
          statePart(layer, scope, 2, at, (_, k) =>
            times(load(reset!, [at.b, k]), load(at.state.h, [at.b, k])),
          ),
        );
    const fresh = scope.bind('fresh', g(clip(plus(fromInput, fromState))));
    const kept = times(update, load(at.state.h, [at.b, at.j]));
    return plus(times(minus(literal(type, 1), update), fresh), kept);
  };
  // The reset gate of every cell comes before the product that it takes part in.
  const before = linearFirst
    ? undefined
    : (scope: Scope, at: Omit<CellAt, 'b' | 'j'>): void => {
        reset = localBuffer(scope.fresh('resets'), type, [batch, hidden]);
        scope.emit({ kind: 'local', buffer: reset });
        scope.loops('b', [batch, hidden], (inner, [b, j]) => {
          inner.store(reset!, [b!, j!], resetOf(inner, { ...at, b: b!, j: j! }));
        });
      };
  return overTime(layer, cell, false, before);
};

/** Gates i (input), o (output), f (forget), c (cell); peepholes i, o, f. */
const lstm: Lowering = (op) => {
  const layer = layerOf(op, 4);
  const functions = activationsOf(op, ['Sigmoid', 'Tanh', 'Tanh'], layer.directions);
  const peepholes = op.optional(7);
  const coupled = op.int('input_forget', 0) !== 0;
  const { type, hidden, clip } = layer;
  const cell: Cell = (scope, at) => {
    const [f, g, h] = functions[at.d]! as readonly [Activation, Activation, Activation];
    const { c } = at.state;
    const old = scope.bind('old', load(c!, [at.b, at.j]));
    const looked = (gate: number, slot: number, state: Expr): Expr => {
      const input = gateInput(layer, scope, gate, at);
      if (peepholes === undefined) return input;
      const place = add(multiply(hidden, slot), at.j);
      return plus(input, times(scope.at(peepholes, [constant(at.d), place]), state));
    };
    const i = scope.bind('input', f(clip(looked(0, 0, old))));
    const forget = coupled
      ? minus(literal(type, 1), i)
      : scope.bind('forget', f(clip(looked(2, 2, old))));
    const candidate = scope.bind('candidate', g(clip(gateInput(layer, scope, 3, at))));
    const fresh = scope.bind('cell', plus(times(forget, old), times(i, candidate)));
    const o = scope.bind('output', f(clip(looked(1, 1, fresh))));
    scope.store(c!, [at.b, at.j], stillRunning(layer, scope, at, fresh, old));
    return times(o, h(fresh));
  };
  return overTime(layer, cell, true);
};

/** `fresh` while the row has steps left, else `old`. */
function stillRunning({ lengths }: Layer, scope: Scope, at: CellAt, fresh: Expr, old: Expr): Expr {
  if (lengths === undefined) return fresh;
  const length = cast('i64', scope.at(lengths, [at.b]));
  return select(compare('lt', indexValue(at.t), length), fresh, old);
}

function overTime(
  layer: Layer,
  cell: Cell,
  hasCell: boolean,
  before?: (scope: Scope, at: Omit<CellAt, 'b' | 'j'>) => void,
): readonly (Field | undefined)[] {
  const { op, type, hidden, batch, steps, directions, batchFirst, lengths } = layer;
  const count = constant(directions);
  const storage = op.outputStorage(firstOutput(op));
  const last = batchFirst ? [batch, count, hidden] : [count, batch, hidden];
  const all = batchFirst ? [batch, steps, count, hidden] : [steps, count, batch, hidden];
  const shapes = hasCell ? [all, last, last] : [all, last];
  const initial = [op.optional(5), hasCell ? op.optional(6) : undefined];
  const outputs = shapes.map((shape) => ({ shape, storage }));
  const direction = op.string('direction', 'forward');

  const fields = op.procedure(outputs, (scope, [y, finalH, finalC]) => {
    if (lengths !== undefined) checkLengths(layer, scope, lengths);
    for (let d = 0; d < directions; d++) {
      const backwards = direction === 'reverse' || d === 1;
      const make = (hint: string): Buffer => {
        const buffer = localBuffer(scope.fresh(hint), type, [batch, hidden]);
        scope.emit({ kind: 'local', buffer });
        return buffer;
      };
      const state: State = {
        h: make('state'),
        next: make('next'),
        c: hasCell ? make('cells') : undefined,
      };
      const atLast = (b: Index, j: Index): Index[] =>
        batchFirst ? [b, constant(d), j] : [constant(d), b, j];
      scope.loops('b', [batch, hidden], (inner, [b, j]) => {
        [state.h, state.c].forEach((buffer, i) => {
          const given = initial[i];
          if (buffer === undefined) return;
          const value = given ? inner.at(given, atLast(b!, j!)) : literal(type, 0);
          inner.store(buffer, [b!, j!], value);
        });
      });
      scope.loops('t', [steps], (step, [time]) => {
        const t = backwards ? subtract(subtract(steps, 1), time!) : time!;
        before?.(step, { d, t, state });
        step.loops('b', [batch, hidden], (inner, [b, j]) => {
          const at: CellAt = { d, t, b: b!, j: j!, state };
          const fresh = inner.bind('fresh', cell(inner, at));
          const old = load(state.h, [b!, j!]);
          inner.store(state.next, [b!, j!], stillRunning(layer, inner, at, fresh, old));
          const shown = stillRunning(layer, inner, at, fresh, literal(type, 0));
          const place = batchFirst ? [b!, t, constant(d), j!] : [t, constant(d), b!, j!];
          inner.store(y!, place, shown);
        });
        step.loops('b', [batch, hidden], (inner, [b, j]) => {
          inner.store(state.h, [b!, j!], load(state.next, [b!, j!]));
        });
      });
      scope.loops('b', [batch, hidden], (inner, [b, j]) => {
        inner.store(finalH!, atLast(b!, j!), load(state.h, [b!, j!]));
        if (finalC && state.c) inner.store(finalC, atLast(b!, j!), load(state.c, [b!, j!]));
      });
    }
  });
  return fields.map((field, slot) => (op.hasOutput(slot) ? field : undefined));
}

/** Lengths lie in [0, steps]. */
function checkLengths({ op, batch, steps }: Layer, scope: Scope, lengths: Field): void {
  scope.loops('b', [batch], (inner, [b]) => {
    const length = cast('i64', inner.at(lengths, [b!]));
    inner.emit({
      kind: 'check',
      condition: compare('le', length, indexValue(steps)),
      operator: op.id,
      message: 'a sequence is longer than its data',
    });
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { RNN: rnn, GRU: gru, LSTM: lstm };
