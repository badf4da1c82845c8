// Random loop programs: nests of loops, branches and counted whiles over global, local and register buffers, with
// indices full of div, mod, min, max and choose that are in range by construction. Same seed, same program.
import type { Buffer, Expr } from '../../../../compiler/loop/expr.ts';
import {
  binary,
  broadcast,
  cast,
  compare,
  compareIndex,
  indexValue,
  lane,
  literal,
  load,
  pack,
  read,
  reduceLanes,
  select,
  unary,
} from '../../../../compiler/loop/expr.ts';
import type { Index, IndexCondition } from '../../../../compiler/loop/indexExpr.ts';
import {
  add,
  choose,
  constant,
  floorDiv,
  max,
  min,
  mod,
  multiply,
  size,
  subtract,
  variable,
} from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import {
  branch,
  globalBuffer,
  localBuffer,
  loop,
  registerTile,
  store,
} from '../../../../compiler/loop/ir.ts';
import type { ScalarType } from '../../../../compiler/loop/scalarType.ts';
import { isInteger, registerType } from '../../../../compiler/loop/scalarType.ts';
import { programOf } from '../../loop/programs.ts';
import type { Random } from '../../lower/randomGraphs.ts';

/** Last axis of every buffer; rows are `n` or a constant. */
const WIDTH = 16;
const LANES = [1, 1, 1, 2, 4, 4, 8, 3, 16];
const TYPES: readonly ScalarType[] = ['f32', 'i32', 'i64', 'u8', 'i8', 'f64'];

interface Variable {
  readonly name: string;
  /** Values lie in [0, extent). */
  readonly extent: Index;
}

interface Named {
  readonly name: string;
  readonly type: ScalarType;
  readonly lanes: number;
}

/** What is visible at one place. */
interface Scope {
  readonly indices: readonly Variable[];
  readonly lets: readonly Named[];
  readonly variables: readonly Named[];
  readonly readable: readonly Buffer[];
  readonly writable: readonly Buffer[];
}

export class RandomProgram {
  private names = 0;

  constructor(private readonly random: Random) {}

  make(): LoopProgram {
    const types = Array.from({ length: 3 }, () => this.random.pick(TYPES));
    const inputs = types.map((type, i) => globalBuffer(`in${i}`, type, this.shape()));
    inputs.push(globalBuffer('places', 'i64', [constant(WIDTH)]));
    const outputs = types.map((type, i) => globalBuffer(`out${i}`, type, this.shape()));
    const scope = { indices: [], lets: [], variables: [], readable: inputs, writable: outputs };
    const fill = outputs.map((buffer) => this.fill(buffer, scope));
    const body = [...fill, ...this.body({ ...scope, readable: [...inputs, ...outputs] }, 3)];
    return programOf(inputs, outputs, body, { n: 1 });
  }

  private shape(): readonly Index[] {
    const rows = this.random.below(2) ? size('n') : constant(1 + this.random.below(5));
    return [rows, constant(WIDTH)];
  }

  private name(word: string): string {
    return `${word}${this.names++}`;
  }

  /** Writes every element. */
  private fill(buffer: Buffer, scope: Scope): Stmt {
    const [y, x] = [this.name('y'), this.name('x')];
    const lanes = this.random.pick([1, 4, 8, 16]);
    const indices = [
      { name: y, extent: buffer.shape[0]! },
      { name: x, extent: constant(WIDTH / lanes) },
    ];
    const inner = { ...scope, indices: [...scope.indices, ...indices] };
    const type = registerType(buffer.storage);
    const value = this.expr(type, lanes, inner, 2);
    const put = store(buffer, [variable(y), multiply(variable(x), lanes)], value);
    const mode = this.random.pick(['serial', 'unrolled'] as const);
    return loop(y, buffer.shape[0]!, [loop(x, constant(WIDTH / lanes), [put], mode)]);
  }

  private body(outer: Scope, depth: number): readonly Stmt[] {
    let scope = outer;
    const stmts: Stmt[] = [];
    for (let count = 1 + this.random.below(4); count > 0; count--) {
      const [made, next] = this.stmts(scope, depth);
      stmts.push(...made);
      scope = next;
    }
    return stmts;
  }

  private stmts(scope: Scope, depth: number): readonly [readonly Stmt[], Scope] {
    const { random } = this;
    switch (random.below(depth > 0 ? 13 : 7)) {
      case 0: {
        const type = random.pick(TYPES);
        const lanes = random.pick(LANES);
        const name = this.name('let');
        const value = this.expr(type, lanes, scope, 3);
        return [
          [{ kind: 'let', name, value }],
          { ...scope, lets: [...scope.lets, { name, type, lanes }] },
        ];
      }
      case 1: {
        const type = random.pick(TYPES);
        const lanes = random.pick(LANES);
        const name = this.name('sum');
        const initial = this.expr(type, lanes, scope, 2);
        return [
          [{ kind: 'variable', name, initial }],
          { ...scope, variables: [...scope.variables, { name, type, lanes }] },
        ];
      }
      case 2: {
        if (scope.variables.length === 0) return [[], scope];
        const { name, type, lanes } = random.pick(scope.variables);
        return [[{ kind: 'assign', name, value: this.expr(type, lanes, scope, 3) }], scope];
      }
      case 3: {
        const extent = constant(1 + random.below(WIDTH));
        const name = this.name('at');
        const value = this.within(extent, scope);
        return [
          [{ kind: 'letIndex', name, value }],
          { ...scope, indices: [...scope.indices, { name, extent }] },
        ];
      }
      case 4: {
        const name = this.name('checked');
        const extent = constant(random.below(8) === 0 ? WIDTH - 2 : WIDTH);
        const places = scope.readable.find((buffer) => buffer.name === 'places')!;
        const value = load(places, [this.within(constant(WIDTH), scope)]);
        return [
          [{ kind: 'checkedIndex', name, value, extent, operator: this.name('operator') }],
          { ...scope, indices: [...scope.indices, { name, extent }] },
        ];
      }
      case 5:
      case 6: {
        const buffer = random.pick(scope.writable);
        return [[this.put(buffer, scope)], scope];
      }
      case 7:
      case 8: {
        const name = this.name('i');
        const mode = random.pick(['serial', 'serial', 'unrolled', 'vector'] as const);
        const extent =
          mode !== 'unrolled' && random.below(3) === 0
            ? size('n')
            : constant(random.below(mode === 'unrolled' ? 4 : 6));
        const inner = { ...scope, indices: [...scope.indices, { name, extent }] };
        return [[loop(name, extent, this.body(inner, depth - 1), mode)], scope];
      }
      case 9: {
        const condition =
          random.below(2) === 0
            ? compareIndex(this.condition(scope))
            : compare(
                random.pick(['lt', 'ge', 'ne']),
                this.expr('i32', 1, scope, 2),
                this.expr('i32', 1, scope, 1),
              );
        const otherwise = random.below(2) ? this.body(scope, depth - 1) : [];
        return [[branch(condition, this.body(scope, depth - 1), otherwise)], scope];
      }
      case 10: {
        const name = this.name('left');
        const left = read(name, 'i32');
        const stmts: Stmt[] = [
          { kind: 'variable', name, initial: literal('i32', 1 + random.below(3)) },
          {
            kind: 'while',
            condition: compare('gt', left, literal('i32', 0)),
            body: [
              ...this.body(scope, depth - 1),
              { kind: 'assign', name, value: binary('sub', left, literal('i32', 1)) },
            ],
          },
        ];
        return [stmts, scope];
      }
      case 11: {
        const buffer = localBuffer(this.name('local'), random.pick(['f32', 'u8', 'f16', 'i64']), [
          constant(1 + random.below(3)),
          constant(WIDTH),
        ]);
        return [
          [{ kind: 'local', buffer }, this.fill(buffer, scope)],
          {
            ...scope,
            readable: [...scope.readable, buffer],
            writable: [...scope.writable, buffer],
          },
        ];
      }
      default:
        return [this.tile(scope), scope];
    }
  }

  /** A register tile: filled, accumulated in a loop, stored. */
  private tile(scope: Scope): readonly Stmt[] {
    const { random } = this;
    const lanes = random.pick([1, 4, 8]);
    const [rows, columns] = [1 + random.below(3), 1 + random.below(2)];
    const type = random.pick(['f32', 'i32'] as const);
    const tile = registerTile(this.name('tile'), type, [rows, columns], lanes);
    const over = (body: (at: readonly Index[], inner: Scope) => Stmt): Stmt => {
      const [y, x] = [this.name('y'), this.name('x')];
      const indices = [
        { name: y, extent: constant(rows) },
        { name: x, extent: constant(columns) },
      ];
      const inner = { ...scope, indices: [...scope.indices, ...indices] };
      const stmt = body([variable(y), variable(x)], inner);
      return loop(y, constant(rows), [loop(x, constant(columns), [stmt], 'unrolled')], 'unrolled');
    };
    const step = this.name('k');
    const withStep = (inner: Scope): Scope => ({
      ...inner,
      indices: [...inner.indices, { name: step, extent: constant(5) }],
    });
    const fits = scope.writable.filter((buffer) => registerType(buffer.storage) === type);
    return [
      { kind: 'local', buffer: tile },
      over((at, inner) => store(tile, at, this.expr(type, lanes, inner, 1))),
      loop(step, constant(5), [
        over((at, inner) => {
          const sum = binary('add', load(tile, at), this.expr(type, lanes, withStep(inner), 2));
          return store(tile, at, sum);
        }),
      ]),
      ...fits.slice(0, 1).map((buffer) =>
        over((at, inner) => {
          const row = this.within(buffer.shape[0]!, inner);
          const place = this.within(constant(WIDTH - lanes + 1), inner);
          return store(buffer, [row, place], load(tile, at));
        }),
      ),
    ];
  }

  private put(buffer: Buffer, scope: Scope): Stmt {
    const lanes = this.random.pick(LANES);
    const row = this.within(buffer.shape[0]!, scope);
    const at = this.within(constant(WIDTH - lanes + 1), scope);
    return store(buffer, [row, at], this.expr(registerType(buffer.storage), lanes, scope, 3));
  }

  /** An index in [0, extent). */
  private within(extent: Index, scope: Scope): Index {
    const { random } = this;
    const fitting = scope.indices.filter(
      (one) =>
        one.extent === extent ||
        (one.extent.kind === 'constant' &&
          extent.kind === 'constant' &&
          one.extent.value <= extent.value),
    );
    if (fitting.length > 0 && random.below(2) === 0) return variable(random.pick(fitting).name);
    const value = this.index(scope, 3);
    if (random.below(3) === 0) return max(min(value, subtract(extent, 1)), 0);
    return mod(value, extent);
  }

  private index(scope: Scope, depth: number): Index {
    const { random } = this;
    if (depth === 0 || random.below(5) === 0) {
      if (scope.indices.length > 0 && random.below(4) > 0) {
        return variable(random.pick(scope.indices).name);
      }
      return random.below(4) === 0 ? size('n') : constant(random.below(9) - 3);
    }
    const a = this.index(scope, depth - 1);
    switch (random.below(8)) {
      case 0:
      case 1:
        return add(a, this.index(scope, depth - 1));
      case 2:
        return subtract(a, this.index(scope, depth - 1));
      case 3:
        return multiply(a, random.below(4) === 0 ? size('n') : random.below(7) - 2);
      case 4:
        return floorDiv(a, random.below(4) === 0 ? size('n') : 1 + random.below(6));
      case 5:
        return mod(a, random.below(4) === 0 ? size('n') : 1 + random.below(6));
      case 6:
        return random.below(2) ? min(a, this.index(scope, 1)) : max(a, this.index(scope, 1));
      default:
        return choose(this.condition(scope), a, this.index(scope, depth - 1));
    }
  }

  private condition(scope: Scope): IndexCondition {
    const op = this.random.pick(['lt', 'le', 'eq'] as const);
    return { op, a: this.index(scope, 2), b: this.index(scope, 1) };
  }

  private expr(type: ScalarType, lanes: number, scope: Scope, depth: number): Expr {
    const { random } = this;
    if (depth === 0) return this.leaf(type, lanes, scope);
    const again = (): Expr => this.expr(type, lanes, scope, depth - 1);
    switch (random.below(12)) {
      case 0:
      case 1:
        return this.leaf(type, lanes, scope);
      case 2:
      case 3:
      case 4:
        return binary(random.pick(['add', 'sub', 'mul', 'min', 'max'] as const), again(), again());
      case 5:
        return isInteger(type)
          ? binary(
              random.pick(['div', 'rem', 'floorMod', 'and', 'xor', 'shl', 'shr'] as const),
              again(),
              again(),
            )
          : unary(random.pick(['neg', 'abs', 'sign', 'floor', 'round'] as const), again());
      case 6: {
        const of = random.pick(TYPES);
        const [a, b] = [0, 1].map(() => this.expr(of, lanes, scope, depth - 1)) as [Expr, Expr];
        return select(compare(random.pick(['lt', 'eq', 'ge']), a, b), again(), again());
      }
      case 7:
        return cast(type, this.expr(random.pick(TYPES), lanes, scope, depth - 1));
      case 8:
        return broadcast(this.expr(type, 1, scope, depth - 1), lanes);
      case 9:
        if (lanes > 1) {
          const parts = Array.from({ length: lanes }, () => this.leaf(type, 1, scope));
          return pack(parts);
        }
        return lane(this.expr(type, 4, scope, depth - 1), random.below(4));
      case 10:
        return lanes === 1
          ? reduceLanes(random.pick(['add', 'max'] as const), this.expr(type, 4, scope, depth - 1))
          : again();
      default:
        return lanes === 1 ? cast(type, indexValue(this.index(scope, 2))) : again();
    }
  }

  private leaf(type: ScalarType, lanes: number, scope: Scope): Expr {
    const { random } = this;
    const named = [...scope.lets, ...scope.variables].filter(
      (one) => one.type === type && one.lanes === lanes,
    );
    if (named.length > 0 && random.below(2) === 0) {
      const { name } = random.pick(named);
      return read(name, type, lanes);
    }
    const buffers = scope.readable.filter((buffer) => registerType(buffer.storage) === type);
    if (buffers.length > 0 && random.below(4) > 0) {
      const buffer = random.pick(buffers);
      const row = buffer.shape.length === 1 ? [] : [this.within(buffer.shape[0]!, scope)];
      return load(buffer, [...row, this.within(constant(WIDTH - lanes + 1), scope)], lanes);
    }
    const value = random.below(9) - 4;
    const fitted = type === 'u8' ? Math.abs(value) : value;
    return broadcast(literal(type, fitted), lanes);
  }
}
