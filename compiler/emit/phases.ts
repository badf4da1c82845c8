/**
 * Cuts a loop program into phases at the parallel loops of its root: a phase is a range of independent iterations
 * or a serial piece, and the next one starts when all threads are through. What the root binds is a local name
 * of no phase: locals become shared buffers, values that a later phase reads pass through one-element shared
 * buffers, and pure ones are computed again. Phases run in order have the meaning of the program.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { indexValue, indicesOf, load, operandsOf, read } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, substitute, variable, ZERO } from '../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf, globalBuffer, store } from '../loop/ir.ts';
import type { Phase, PhasedProgram } from './kernel.ts';
import type { MentionedNames } from './names.ts';
import { indexNames, namesIn } from './names.ts';

type Binding = Extract<Stmt, { kind: 'let' | 'letIndex' | 'checkedIndex' | 'variable' }>;

/** A stretch of root statements that will be one phase. */
interface Piece {
  readonly loop?: Extract<Stmt, { kind: 'for' }>;
  readonly stmts: readonly Stmt[];
  readonly mentions: MentionedNames;
}

/**
 * Throws Error for programs whose phases cannot be told apart: an iteration of a parallel loop that assigns a
 * variable of the root, a register tile or a local of data-dependent size that several phases use.
 */
export function phasesOf(program: LoopProgram): PhasedProgram {
  return new PhaseCutter(program).run();
}

class PhaseCutter {
  /** What the root binds, in order. */
  private readonly bindings = new Map<string, Binding>();
  private readonly taken: Set<string>;
  /** Shared buffer of a root name that passes through memory. */
  private readonly carriers = new Map<string, Buffer>();
  private readonly shared: Buffer[] = [];

  constructor(private readonly program: LoopProgram) {
    this.taken = new Set([
      ...program.sizes.map(({ name }) => name),
      ...[...program.inputs, ...program.outputs].map(({ name }) => name),
      ...namesIn(program.body).bound,
    ]);
    for (const stmt of program.body) if (isBinding(stmt)) this.bindings.set(stmt.name, stmt);
  }

  run(): PhasedProgram {
    const pieces = this.pieces();
    const kept = this.placeLocals(pieces);
    const phases: Phase[] = [];
    pieces.forEach((piece, place) => {
      const phase = this.phaseOf(piece, pieces.slice(place + 1), kept);
      if (phase !== undefined) phases.push(phase);
    });
    return { program: this.program, phases, shared: this.shared };
  }

  private pieces(): readonly Piece[] {
    const pieces: Piece[] = [];
    let serial: Stmt[] = [];
    const flush = (): void => {
      if (serial.length > 0) pieces.push({ stmts: serial, mentions: namesIn(serial) });
      serial = [];
    };
    for (const stmt of this.program.body) {
      if (stmt.kind !== 'for' || (stmt.mode !== 'parallel' && stmt.mode !== 'group')) {
        serial.push(withoutParallel(stmt));
        continue;
      }
      const extent = this.overSizes(stmt.extent);
      const loop = withoutParallel(stmt) as Extract<Stmt, { kind: 'for' }>;
      if (extent === undefined) {
        // How many iterations there are is in memory: only the phase itself can read it.
        serial.push(loop);
        continue;
      }
      flush();
      const mentions = namesIn(stmt.body);
      pieces.push({ loop: { ...loop, extent }, stmts: loop.body, mentions });
      for (const name of mentions.assigned) {
        if (this.bindings.has(name)) throw new Error(`a parallel loop assigns ${name}`);
      }
    }
    flush();
    return pieces;
  }

  /** Root locals become shared; a register tile stays with the one phase that uses it. */
  private placeLocals(pieces: readonly Piece[]): ReadonlySet<Buffer> {
    const kept = new Set<Buffer>();
    for (const stmt of this.program.body) {
      if (stmt.kind !== 'local') continue;
      const { buffer } = stmt;
      const users = pieces.filter(({ mentions }) => mentions.buffers.has(buffer));
      if (users.length === 0) continue;
      if (buffer.space === 'register' || buffer.lanes > 1) {
        if (users.length > 1 || users[0]!.loop !== undefined) {
          throw new Error(`several phases use the register tile ${buffer.name}`);
        }
        kept.add(buffer);
        continue;
      }
      const shape = buffer.shape.map((dim) => this.overSizes(dim));
      if (shape.includes(undefined)) throw new Error(`${buffer.name} has a size found in memory`);
      this.shared.push({ ...buffer, shape: shape as Index[] });
    }
    return kept;
  }

  private phaseOf(
    piece: Piece,
    later: readonly Piece[],
    kept: ReadonlySet<Buffer>,
  ): Phase | undefined {
    const before = this.bindAgain(piece);
    const { loop } = piece;
    if (loop !== undefined) {
      const { variable, extent } = loop;
      const groups = loop.mode === 'group';
      const parallel = { variable, extent, ...(groups ? { groups } : {}) };
      return { parallel, before, body: loop.body };
    }
    const body = piece.stmts.filter((stmt) => stmt.kind !== 'local' || kept.has(stmt.buffer));
    const after = this.storesAfter(piece, later);
    const effects = body.filter((stmt) => !this.isRepeatable(stmt) && stmt.kind !== 'comment');
    if (effects.length + after.length === 0) return undefined;
    return { before: [], body: [...before, ...body, ...after] };
  }

  /** Bindings for the names that a piece uses and an earlier one bound, in order. */
  private bindAgain({ stmts, mentions, loop }: Piece): readonly Stmt[] {
    const needed = new Set<string>();
    const own =
      loop === undefined ? new Set(stmts.filter(isBinding).map(({ name }) => name)) : null;
    const need = (name: string): void => {
      const binding = this.bindings.get(name);
      if (binding === undefined || own?.has(name) || needed.has(name)) return;
      needed.add(name);
      for (const inner of this.sourcesOf(binding)) need(inner);
    };
    mentions.names.forEach(need);
    return [...this.bindings.values()].flatMap((binding) => {
      if (!needed.has(binding.name)) return [];
      return [this.isRepeatable(binding) ? binding : this.reload(binding, mentions.assigned)];
    });
  }

  /** Root names that binding it again takes. */
  private sourcesOf(binding: Binding): readonly string[] {
    if (binding.kind === 'checkedIndex') return indexNames(binding.extent);
    return this.isRepeatable(binding) ? [...namesIn([binding]).names] : [];
  }

  private reload(binding: Binding, assigned: ReadonlySet<string>): Stmt {
    const carrier = this.carrierOf(binding);
    const { name } = binding;
    // The index was in range when it was stored; checked again, it is proven in range here as well.
    if (binding.kind === 'checkedIndex') return { ...binding, value: load(carrier, [ZERO]) };
    if (binding.kind === 'letIndex') throw new Error(`${name} is not computed again`);
    const value = load(carrier, [ZERO], valueOf(binding).lanes);
    if (binding.kind === 'let' || !assigned.has(name)) return { kind: 'let', name, value };
    return { kind: 'variable', name, initial: value };
  }

  /** Writes what this piece binds or assigns and a later one reads from memory. */
  private storesAfter({ stmts, mentions }: Piece, later: readonly Piece[]): readonly Stmt[] {
    const changed = new Set([...stmts.filter(isBinding).map(({ name }) => name)]);
    for (const name of mentions.assigned) if (this.bindings.has(name)) changed.add(name);
    const wanted = new Set(
      later.flatMap((piece) => this.bindAgain(piece).map((stmt) => (stmt as Binding).name)),
    );
    return [...changed].flatMap((name) => {
      const binding = this.bindings.get(name)!;
      if (!wanted.has(name) || this.isRepeatable(binding)) return [];
      const carrier = this.carrierOf(binding);
      if (binding.kind === 'checkedIndex') {
        return [store(carrier, [ZERO], indexValue(variable(name)))];
      }
      const { type, lanes } = valueOf(binding);
      return [store(carrier, [ZERO], read(name, type, lanes))];
    });
  }

  private carrierOf(binding: Binding): Buffer {
    const known = this.carriers.get(binding.name);
    if (known !== undefined) return known;
    let name = `${binding.name}_shared`;
    while (this.taken.has(name)) name += '_';
    this.taken.add(name);
    const { type, lanes } = binding.kind === 'checkedIndex' ? INDEX : valueOf(binding);
    const carrier = globalBuffer(name, type, [constant(lanes)]);
    this.carriers.set(binding.name, carrier);
    this.shared.push(carrier);
    return carrier;
  }

  /** Computed again it is the same: index arithmetic, and values that depend on no memory. */
  private isRepeatable(stmt: Stmt): boolean {
    if (stmt.kind === 'letIndex') return true;
    return stmt.kind === 'let' && this.dependsOnSizes(stmt.value);
  }

  private dependsOnSizes(expr: Expr): boolean {
    if (expr.kind === 'load') return false;
    if (expr.kind === 'read') {
      const binding = this.bindings.get(expr.name);
      return binding !== undefined && this.isRepeatable(binding);
    }
    const indices = indicesOf(expr).every((index) => this.overSizes(index) !== undefined);
    return indices && operandsOf(expr).every((operand) => this.dependsOnSizes(operand));
  }

  /** Root names replaced by what they stand for; `undefined` where one is found in memory. */
  private overSizes(index: Index): Index | undefined {
    const replaced = substitute(index, (name) => {
      const binding = this.bindings.get(name);
      return binding?.kind === 'letIndex' ? this.overSizes(binding.value) : undefined;
    });
    return indexNames(replaced).length === 0 ? replaced : undefined;
  }
}

const INDEX = { type: 'i64', lanes: 1 } as const;

function valueOf(binding: Binding): Expr {
  if (binding.kind === 'let') return binding.value;
  if (binding.kind === 'variable') return binding.initial;
  throw new Error(`${binding.name} is an index`);
}

function isBinding(stmt: Stmt): stmt is Binding {
  return (
    stmt.kind === 'let' ||
    stmt.kind === 'letIndex' ||
    stmt.kind === 'checkedIndex' ||
    stmt.kind === 'variable'
  );
}

/** Threads are started by phases only. */
function withoutParallel(stmt: Stmt): Stmt {
  if (bodiesOf(stmt).length === 0) return stmt;
  switch (stmt.kind) {
    case 'for': {
      const mode = stmt.mode === 'parallel' ? 'serial' : stmt.mode;
      return { ...stmt, mode, body: stmt.body.map(withoutParallel) };
    }
    case 'while':
      return { ...stmt, body: stmt.body.map(withoutParallel) };
    case 'if':
      return {
        ...stmt,
        then: stmt.then.map(withoutParallel),
        otherwise: stmt.otherwise.map(withoutParallel),
      };
    default:
      return stmt;
  }
}
