/**
 * Computations over constants, equal ones once: the same operator with the same attributes on the same constants is
 * one object, so what two places compute alike is evaluated and kept once.
 */
import type { AttributeValue, Computation, Constant, KnownTensor } from '../graph/graph.ts';
import type { Operator } from '../graph/graph.ts';

type Input = Computation['inputs'][number];
type Output = Computation['outputs'][number];

/** Known tensors up to this size are compared by their elements. */
const MOST_COMPARED = 64;

export class Computations {
  private readonly known = new Map<string, Computation>();
  private readonly constants = new Map<Computation, Map<number, Constant>>();
  private readonly numbers = new Map<object, number>();

  of(
    operator: Operator,
    inputs: readonly ((Input & { readonly constant: Constant }) | undefined)[],
    outputs: readonly Output[],
  ): Computation {
    const { domain, type, opset, attributes } = operator;
    const read = inputs.map((input) => input && this.identity(input.constant, input.known));
    const key = JSON.stringify([
      ...[domain, type, opset],
      [...attributes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [name, this.text(value)]),
      read,
      outputs.map((output) => output !== undefined),
    ]);
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const { id, name, originalIds } = operator;
    const made: Computation = {
      operator: { id, name, domain, type, opset, attributes, originalIds },
      inputs: inputs.map(
        (input) =>
          input && {
            name: input.name,
            constant: input.constant,
            ...(input.known && { known: input.known }),
          },
      ),
      outputs,
    };
    this.known.set(key, made);
    return made;
  }

  /** What a computation gives: one object per slot. */
  constant(computation: Computation, slot: number): Constant {
    const slots = this.constants.get(computation) ?? new Map<number, Constant>();
    this.constants.set(computation, slots);
    let constant = slots.get(slot);
    if (constant === undefined) {
      const { dtype, dims } = computation.outputs[slot]!;
      constant = { dtype, dims, source: { kind: 'operators', computation, slot } };
      slots.set(slot, constant);
    }
    return constant;
  }

  /** The elements of what importing computed, the object of anything else. */
  private identity(constant: Constant, known: KnownTensor | undefined): unknown {
    const { dtype, dims, source } = constant;
    const isShort = known !== undefined && known.data.length <= MOST_COMPARED;
    if (source.kind === 'computed' && isShort) return [dtype, dims, known.data.map(exact)];
    if (source.kind === 'operators') return [this.number(source.computation), source.slot];
    return this.number(constant);
  }

  private text(value: AttributeValue): unknown {
    if (value.kind === 'tensor') return ['tensor', this.identity(value.value, value.known)];
    if (value.kind === 'tensors') return ['tensors', value.value.map((each) => this.number(each))];
    if (value.kind === 'graph') return ['graph', this.number(value)];
    return [
      value.kind,
      value.kind === 'floats' ? value.value.map(exact) : exact((value as { value: unknown }).value),
    ];
  }

  private number(object: object): number {
    const number = this.numbers.get(object) ?? this.numbers.size;
    this.numbers.set(object, number);
    return number;
  }
}

/** JSON has neither -0 nor numbers that are not finite. */
function exact(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : Object.is(value, -0)
      ? '-0'
      : `${value}`;
}
