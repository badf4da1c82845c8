/**
 * LinearAttention 27 and CausalConvWithState 27: layers that carry a state from step to step. The state of one
 * head is a key size x value size matrix of float32; each step decays it, writes to it and reads it.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, literal, load } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, floorDiv, less, multiply, subtract, ZERO } from '../loop/indexExpr.ts';
import { localBuffer } from '../loop/ir.ts';
import { registerType } from '../loop/scalarType.ts';
import { sigmoid } from './elementwiseUnary.ts';
import { splitHeads } from './attentionCore.ts';
import { expectSharedHeads, scaleOf } from './attention.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { view } from './movement.ts';
import { exponential, minus, plus, times } from './terms.ts';

const UPDATE_RULES = ['linear', 'gated', 'delta', 'gated_delta'];

const linearAttention: Lowering = (op) => {
  const rule = op.string('update_rule', 'gated_delta');
  if (!UPDATE_RULES.includes(rule)) op.unsupported('its update rule');
  const shared = op.int('kv_num_heads', 0);
  const query = splitHeads(op, op.input(0), op.int('q_num_heads', 0));
  const key = splitHeads(op, op.input(1), shared);
  const value = splitHeads(op, op.input(2), shared);
  expectSharedHeads(op, query, key);
  const past = op.optional(3);
  const decay = rule.startsWith('gated') ? splitHeads(op, op.input(4), shared) : undefined;
  const beta = rule.endsWith('delta') ? op.input(5) : undefined;
  const scale = scaleOf(op, query);

  const [batch, heads, steps, keySize] = key.shape as [Index, Index, Index, Index];
  const valueSize = value.shape[3]!;
  const group = groupSize(query, key);
  const out = op.outputScalar();
  const outputs = [
    { shape: op.outputDims(0), storage: op.outputStorage(0) },
    { shape: [batch, heads, keySize, valueSize], storage: stateStorage(op, past) },
  ] as const;
  const stateType = registerType(outputs[1].storage);
  const results = op.procedure(outputs, (scope, [y, present]) => {
    scope.loops(
      'h',
      [batch, heads],
      (head, [b, h]) => {
        const state = localBuffer(head.fresh('state'), 'f32', [keySize, valueSize]);
        const written = localBuffer(head.fresh('written'), 'f32', [valueSize]);
        head.emit({ kind: 'local', buffer: state });
        head.emit({ kind: 'local', buffer: written });
        head.loops('i', [keySize, valueSize], (inner, [i, j]) => {
          const start = past && cast('f32', inner.at(past, [b!, h!, i!, j!]));
          inner.store(state, [i!, j!], start ?? literal('f32', 0));
        });
        head.loops('t', [steps], (step, [t]) => {
          if (decay !== undefined) {
            step.loops('i', [keySize], (inner, [i]) => {
              const at = isOne(decay.shape[3]!) ? ZERO : i!;
              const factor = exponential(cast('f32', inner.at(decay, [b!, h!, t!, at])));
              const kept = inner.bind('kept', factor);
              inner.loops('j', [valueSize], (cell, [j]) => {
                cell.store(state, [i!, j!], times(load(state, [i!, j!]), kept));
              });
            });
          }
          step.loops('j', [valueSize], (inner, [j]) => {
            const wanted = cast('f32', inner.at(value, [b!, h!, t!, j!]));
            if (beta === undefined) return inner.store(written, [j!], wanted);
            const found = inner.fold('found', literal('f32', 0), [keySize], (sum, [i], soFar) =>
              plus(soFar, times(load(state, [i!, j!]), cast('f32', sum.at(key, [b!, h!, t!, i!])))),
            );
            const ofHead = isOne(beta.shape[2]!) ? ZERO : h!;
            const rate = cast('f32', inner.at(beta, [b!, t!, ofHead]));
            inner.store(written, [j!], times(rate, minus(wanted, found)));
          });
          step.loops('i', [keySize, valueSize], (inner, [i, j]) => {
            const write = times(cast('f32', inner.at(key, [b!, h!, t!, i!])), load(written, [j!]));
            inner.store(state, [i!, j!], plus(load(state, [i!, j!]), write));
          });
          step.loops('g', [group, valueSize], (inner, [g, j]) => {
            const own = add(multiply(h!, group), g!);
            const sum = inner.fold('acc', literal('f32', 0), [keySize], (fold, [i], soFar) => {
              const x = cast('f32', fold.at(query, [b!, own, t!, i!]));
              return plus(soFar, times(x, load(state, [i!, j!])));
            });
            const at = add(multiply(own, valueSize), j!);
            inner.store(y!, [b!, t!, at], cast(out, times(sum, literal('f32', scale))));
          });
        });
        head.loops('i', [keySize, valueSize], (inner, [i, j]) => {
          inner.store(present!, [b!, h!, i!, j!], cast(stateType, load(state, [i!, j!])));
        });
      },
      'parallel',
    );
  });
  return results;
};

function isOne(dim: Index): boolean {
  return dim.kind === 'constant' && dim.value === 1;
}

function groupSize(query: Field, key: Field): Index {
  return floorDiv(query.shape[1]!, key.shape[1]!);
}

function stateStorage(op: LowerOp, past: Field | undefined) {
  return op.hasOutput(1) ? op.outputStorage(1) : (past?.storage ?? op.outputStorage(0));
}

/** A depthwise convolution over the past state followed by the input. */
const causalConvWithState: Lowering = (op) => {
  const [input, weight, bias, past] = [op.input(0), op.input(1), op.optional(2), op.optional(3)];
  const [batch, channels, length] = input.shape as [Index, Index, Index];
  if (input.shape.length !== 3) return op.unsupported('more than one spatial axis');
  const taps = weight.shape[2]!;
  const before = subtract(taps, 1);
  const type = op.outputScalar();
  const padded = op.make({
    shape: [batch, channels, add(before, length)],
    storage: input.storage,
    cost: 'light',
    breaks: [[], [], [before]],
    element: (scope, [b, c, s]) =>
      scope.choose(
        [less(s!, before)],
        (inner) => (past === undefined ? literal(type, 0) : inner.at(past, [b!, c!, s!])),
        (inner) => inner.at(input, [b!, c!, subtract(s!, before)]),
      ),
  });
  const sum = op.make({
    shape: input.shape,
    storage: type,
    cost: 'heavy',
    element: (scope, [b, c, s]) =>
      scope.fold('acc', literal(type, 0), [taps], (inner, [k], soFar) =>
        plus(
          soFar,
          times(inner.at(padded, [b!, c!, add(s!, k!)]), inner.at(weight, [c!, ZERO, k!])),
        ),
      ),
  });
  const activation = activationOf(op);
  const result = op.make({
    shape: input.shape,
    storage: op.outputStorage(),
    cost: 'light',
    element: (scope, index) => {
      const x = scope.at(sum, index);
      return activation(bias === undefined ? x : plus(x, scope.at(bias, [index[1]!])));
    },
  });
  const present = view(op, padded, [batch, channels, before], ([b, c, s]) => [
    b!,
    c!,
    add(s!, length),
  ]);
  return [result, op.hasOutput(1) ? present : undefined];
};

function activationOf(op: LowerOp): (x: Expr) => Expr {
  const name = op.string('activation', 'none');
  if (name === 'none' || name === '') return (x) => x;
  if (name === 'silu' || name === 'swish') return (x) => times(x, sigmoid(x));
  return op.unsupported('its activation');
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  LinearAttention: linearAttention,
  CausalConvWithState: causalConvWithState,
};
