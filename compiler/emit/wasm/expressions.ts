/**
 * Data expressions as values. What was computed before, here or in an enclosing statement list, is not
 * computed again: equal operations on equal values have equal keys.
 */
import type { Scalar } from '../../loop/arithmetic.ts';
import { applyBinary, applyCast, applyCompare, applyUnary } from '../../loop/arithmetic.ts';
import type { Expr } from '../../loop/expr.ts';
import { constantOf } from '../../loop/polynomial.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { isFloat, isWide } from '../../loop/scalarType.ts';
import { decide } from '../../loop/simplifyIndex.ts';
import type { Operand } from './assembler.ts';
import { float, i32, i64, splatConst } from './assembler.ts';
import type { Context } from './context.ts';
import { loadScalar, loadSplat, loadVector } from './memoryOps.ts';
import type { Places } from './places.ts';
import { powerByConstant } from './powers.ts';
import type { Tools } from './scalarOps.ts';
import { binaryScalar, castScalar, compareScalar, unaryScalar } from './scalarOps.ts';
import type { Value } from './values.ts';
import {
  isVector,
  laneOf,
  lanesOf,
  partCount,
  partsOfLanes,
  shapeOfType,
  splat,
} from './values.ts';
import { binaryVector, castVector, compareVector, selectVector, unaryVector } from './vectorOps.ts';

type Of<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

/** A value that is the same number in all lanes has it here. */
interface Known extends Value {
  readonly literal?: Scalar;
}

export class Expressions {
  /** Values of names bound by `let` and `variable`. */
  readonly names = new Map<string, Value>();
  /** Values of names that are only read as all lanes of a vector. */
  private readonly splats = new Map<string, Known>();
  /** Of the statement being written: shared parts of an expression are walked once. */
  private readonly walked = new Map<Expr, Known>();
  private readonly tools: Tools;

  constructor(
    private readonly context: Context,
    private readonly places: Places,
  ) {
    this.tools = { asm: context.asm, library: context.library };
  }

  /** The value of an expression of a new statement. */
  valueOf(expr: Expr): Known {
    this.walked.clear();
    return this.evaluate(expr);
  }

  /** A value that later assignments to variables do not change. */
  settled(value: Value): Value {
    if (!value.parts.some(({ local }) => local?.mutable)) return value;
    const { asm } = this.context;
    const parts = value.parts.map((part) => {
      asm.emit(part.item);
      return asm.bind(part.type);
    });
    return { ...value, parts };
  }

  lanesOf({ type, lanes, parts }: Value): readonly Operand[] {
    return lanesOf(this.context.asm, type, lanes, parts);
  }

  private evaluate(expr: Expr): Known {
    let value = this.walked.get(expr);
    if (value === undefined) {
      value = this.compute(expr);
      this.walked.set(expr, value);
    }
    return value;
  }

  private compute(expr: Expr): Known {
    switch (expr.kind) {
      case 'literal':
        return this.literal(expr.type, 1, expr.value);
      case 'read': {
        const value = this.names.get(expr.name);
        if (value === undefined) throw new Error(`${expr.name} has no value`);
        return value;
      }
      case 'load':
        return this.load(expr);
      case 'indexValue': {
        const form = this.context.formOf(expr.index);
        const constant = constantOf(form);
        if (constant !== undefined) return this.literal('i64', 1, BigInt(constant));
        const { index, frame } = this.context;
        return this.shared('i64', 1, `indexValue ${form.key}`, () => [
          index.exactValueOf(form, frame, 'i64'),
        ]);
      }
      case 'compareIndex':
        return this.compareIndex(expr);
      case 'unary':
        return this.unary(expr);
      case 'binary':
        return this.binary(expr);
      case 'compare':
        return this.compare(expr);
      case 'select':
        return this.select(expr);
      case 'cast':
        return this.cast(expr);
      case 'broadcast':
        return this.broadcast(expr);
      case 'lane': {
        const a = this.evaluate(expr.a);
        return this.shared(expr.type, 1, `lane ${expr.lane} ${a.id}`, () => [
          laneOf(this.context.asm, a.type, a.lanes, a.parts, expr.lane),
        ]);
      }
      case 'pack': {
        const elements = expr.elements.map((element) => this.evaluate(element));
        const key = `pack ${elements.map(({ id }) => id).join(' ')}`;
        return this.shared(expr.type, expr.lanes, key, () =>
          partsOfLanes(
            this.context.asm,
            expr.type,
            elements.map(({ parts }) => parts[0]!),
          ),
        );
      }
      case 'reduceLanes': {
        const a = this.evaluate(expr.a);
        const { op, type } = expr;
        return this.shared(type, 1, `reduce ${op} ${a.id}`, () => [
          lanesOf(this.context.asm, type, a.lanes, a.parts).reduce((sum, lane) =>
            binaryScalar(this.tools, op, type, sum, lane),
          ),
        ]);
      }
    }
  }

  private literal(type: ScalarType, lanes: number, value: Scalar): Known {
    const bits = Object.is(value, -0) ? '-0' : String(value);
    const key = `literal ${type}x${lanes} ${bits}`;
    const known = this.context.root.find<Known>(key);
    if (known !== undefined) return known;
    const made: Known = {
      id: this.context.number(),
      type,
      lanes,
      parts: literalParts(type, lanes, value),
      literal: value,
    };
    return this.context.root.keep(key, made);
  }

  /** The value under a key, computed if it is not known here. */
  private shared(
    type: ScalarType,
    lanes: number,
    key: string,
    of: () => readonly Operand[],
  ): Known {
    const { frame } = this.context;
    const full = `${type}x${lanes} ${key}`;
    const known = frame.find<Known>(full);
    if (known !== undefined) return known;
    const parts = of();
    return frame.keep<Known>(full, { id: this.context.number(), type, lanes, parts });
  }

  private load({ buffer, indices, type, lanes }: Of<'load'>): Known {
    const place = this.places.of(buffer);
    if (place.kind === 'tile') {
      const elements = this.places.elementsOf(place, indices, lanes);
      if (elements.length === 1) return elements[0]!.value;
      const key = `pack ${elements.map(({ value }) => value.id).join(' ')}`;
      return this.shared(type, lanes, key, () =>
        partsOfLanes(
          this.context.asm,
          type,
          elements.map(({ value }) => value.parts[0]!),
        ),
      );
    }
    const { address, key } = this.places.addressOf(buffer, indices);
    return this.shared(type, lanes, `load ${key}`, () =>
      lanes === 1
        ? [loadScalar(this.tools, buffer.storage, address)]
        : loadVector(this.tools, buffer.storage, lanes, address),
    );
  }

  /** Binds a name to all lanes of a loaded scalar. @returns whether one instruction does that. */
  bindSplat(name: string, value: Expr, lanes: number): boolean {
    this.walked.clear();
    const splat = value.kind === 'load' ? this.loadedSplat(value, lanes) : undefined;
    if (splat !== undefined) this.splats.set(name, splat);
    return splat !== undefined;
  }

  /** Undefined where the element is here already, or no instruction spreads it. */
  private loadedSplat({ buffer, indices, type }: Of<'load'>, lanes: number): Known | undefined {
    const { asm, frame } = this.context;
    if (!isVector(lanes) || this.places.of(buffer).kind !== 'memory') return undefined;
    const { address, key } = this.places.addressOf(buffer, indices);
    if (frame.find(`${type}x1 load ${key}`) !== undefined) return undefined;
    const full = `splat ${key}`;
    const found = frame.find<Known>(`${type}x${lanes} ${full}`);
    if (found !== undefined) return found;
    const part = loadSplat(asm, buffer.storage, address);
    if (part === undefined) return undefined;
    const parts = Array.from({ length: partCount(type, lanes) }, () => part);
    return this.shared(type, lanes, full, () => parts);
  }

  private broadcast({ a, type, lanes }: Of<'broadcast'>): Known {
    const { asm } = this.context;
    const bound = a.kind === 'read' ? this.splats.get(a.name) : undefined;
    if (bound !== undefined) return bound;
    const loaded = a.kind === 'load' ? this.loadedSplat(a, lanes) : undefined;
    if (loaded !== undefined) return loaded;
    const value = this.evaluate(a);
    if (value.literal !== undefined) return this.literal(type, lanes, value.literal);
    return this.shared(type, lanes, `broadcast ${value.id}`, () =>
      splat(asm, type, lanes, value.parts[0]!),
    );
  }

  private compareIndex({ condition }: Of<'compareIndex'>): Known {
    const { context } = this;
    const decided = decide(condition, context.frame.facts);
    if (decided !== undefined) return this.literal('bool', 1, decided ? 1 : 0);
    const [a, b] = [context.formOf(condition.a), context.formOf(condition.b)];
    const key = `compareIndex ${condition.op} ${a.key} ${b.key}`;
    return this.shared('bool', 1, key, () => [
      context.index.compare(condition.op, a, b, context.frame),
    ]);
  }

  private unary({ op, a, type, lanes }: Of<'unary'>): Known {
    const value = this.evaluate(a);
    if (value.literal !== undefined) {
      return this.literal(type, lanes, applyUnary(op, a.type, value.literal));
    }
    return this.shared(type, lanes, `${op} ${value.id}`, () =>
      lanes === 1
        ? [unaryScalar(this.tools, op, a.type, value.parts[0]!)]
        : this.perLayout(
            lanes,
            [value],
            ([x]) => unaryVector(this.tools, op, a.type, lanes, x!),
            ([x]) => unaryScalar(this.tools, op, a.type, x!),
          ),
    );
  }

  private binary(expr: Of<'binary'>): Known {
    const { op, type, lanes } = expr;
    if (op === 'add' && type === 'f32' && this.context.features.relaxedSimd && isVector(lanes)) {
      const [product, sum] =
        expr.a.kind === 'binary' && expr.a.op === 'mul' ? [expr.a, expr.b] : [expr.b, expr.a];
      if (product.kind === 'binary' && product.op === 'mul') {
        return this.multiplyAdd(product, sum);
      }
    }
    const [a, b] = [this.evaluate(expr.a), this.evaluate(expr.b)];
    if (a.literal !== undefined && b.literal !== undefined) {
      return this.literal(type, lanes, applyBinary(op, type, a.literal, b.literal));
    }
    return this.shared(type, lanes, `${op} ${a.id} ${b.id}`, () => {
      const special = this.specialBinary(op, type, a, b);
      if (special !== undefined) return special;
      if (lanes === 1) return [binaryScalar(this.tools, op, type, a.parts[0]!, b.parts[0]!)];
      return this.perLayout(
        lanes,
        [a, b],
        ([x, y]) => binaryVector(this.tools, op, type, lanes, x!, y!),
        ([x, y]) => binaryScalar(this.tools, op, type, x!, y!),
      );
    });
  }

  private multiplyAdd(product: Of<'binary'>, sum: Expr): Known {
    const { type, lanes } = product;
    const [a, b, c] = [this.evaluate(product.a), this.evaluate(product.b), this.evaluate(sum)];
    return this.shared(type, lanes, `madd ${a.id} ${b.id} ${c.id}`, () =>
      a.parts.map((part, i) =>
        this.context.asm.op('f32x4.relaxed_madd', part, b.parts[i]!, c.parts[i]!),
      ),
    );
  }

  /** Cheaper forms where an operand is a known number. */
  private specialBinary(
    op: Of<'binary'>['op'],
    type: ScalarType,
    a: Known,
    b: Known,
  ): readonly Operand[] | undefined {
    const { asm } = this.context;
    if (op === 'pow' && b.literal !== undefined && isFloat(type)) {
      const scalar = !isVector(a.lanes);
      return powerByConstant(
        asm,
        scalar ? (type as 'f32' | 'f64') : shapeOfType(type),
        a.parts,
        Number(b.literal),
      );
    }
    if ((op === 'min' || op === 'max') && isFloat(type) && isVector(a.lanes)) {
      const [value, limit] = b.literal === undefined ? [b, a] : [a, b];
      if (limit.literal === undefined || Number.isNaN(limit.literal)) return undefined;
      // One instruction: NaN in the first operand stays, and the second is none.
      const name = `${shapeOfType(type)}.p${op}`;
      return value.parts.map((part, i) => asm.op(name, part, limit.parts[i]!));
    }
    return undefined;
  }

  private compare(expr: Of<'compare'>): Known {
    const { op, lanes } = expr;
    const { type } = expr.a;
    const [a, b] = [this.evaluate(expr.a), this.evaluate(expr.b)];
    if (a.literal !== undefined && b.literal !== undefined) {
      return this.literal('bool', lanes, applyCompare(op, a.literal, b.literal));
    }
    return this.shared('bool', lanes, `${op} ${a.id} ${b.id}`, () =>
      this.perLayout(
        lanes,
        [a, b],
        ([x, y]) => compareVector(this.tools, op, type, lanes, x!, y!),
        ([x, y]) => compareScalar(this.context.asm, op, type, x!, y!),
      ),
    );
  }

  private select(expr: Of<'select'>): Known {
    const { type, lanes } = expr;
    const condition = this.evaluate(expr.condition);
    if (condition.literal !== undefined) {
      return this.evaluate(condition.literal ? expr.then : expr.otherwise);
    }
    const [then, otherwise] = [this.evaluate(expr.then), this.evaluate(expr.otherwise)];
    if (then.id === otherwise.id) return then;
    const key = `select ${condition.id} ${then.id} ${otherwise.id}`;
    return this.shared(type, lanes, key, () =>
      this.perLayout(
        lanes,
        [condition, then, otherwise],
        ([c, x, y]) => selectVector(this.tools, type, c!, x!, y!),
        ([c, x, y]) => this.context.asm.op('select', x!, y!, c!),
      ),
    );
  }

  private cast({ a, type, lanes }: Of<'cast'>): Known {
    const value = this.evaluate(a);
    if (value.literal !== undefined) {
      return this.literal(type, lanes, applyCast(a.type, type, value.literal));
    }
    return this.shared(type, lanes, `cast ${value.id}`, () =>
      this.perLayout(
        lanes,
        [value],
        ([x]) => castVector(this.tools, a.type, type, lanes, x!),
        ([x]) => castScalar(this.tools, a.type, type, x!),
      ),
    );
  }

  /** By vectors, or scalar by scalar where the lanes fill no vectors. */
  private perLayout(
    lanes: number,
    values: readonly Value[],
    vector: (parts: readonly (readonly Operand[])[]) => readonly Operand[],
    scalar: (operands: readonly Operand[]) => Operand,
  ): readonly Operand[] {
    const parts = values.map((value) => value.parts);
    if (isVector(lanes)) return vector(parts);
    return Array.from({ length: lanes }, (_, i) => scalar(parts.map((list) => list[i]!)));
  }
}

function literalParts(type: ScalarType, lanes: number, value: Scalar): readonly Operand[] {
  const count = partCount(type, lanes);
  const part = isVector(lanes) ? splatLiteral(type, value) : scalarLiteral(type, value);
  return Array.from({ length: count }, () => part);
}

function scalarLiteral(type: ScalarType, value: Scalar): Operand {
  if (type === 'f32' || type === 'f64') return float(type, Number(value));
  return isWide(type) ? i64(BigInt(value)) : i32(Number(value));
}

function splatLiteral(type: ScalarType, value: Scalar): Operand {
  if (type === 'bool') return splatConst('i32x4', value ? -1 : 0);
  return splatConst(shapeOfType(type), value);
}
