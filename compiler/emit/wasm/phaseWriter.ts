/**
 * One phase of a kernel as a function: its arguments become addresses and sizes where they are first needed, its
 * parallel loop runs over the given range.
 */
import type { LoopProgram } from '../../loop/ir.ts';
import { polyAdd, polyVariable } from '../../loop/polynomial.ts';
import { rootFacts } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import type { KernelCheck, Phase, PhasedProgram } from '../kernel.ts';
import type { Operand } from './assembler.ts';
import { i64, operandOf } from './assembler.ts';
import type { WasmFeatures } from './context.ts';
import { Context } from './context.ts';
import type { Code } from './encoder/code.ts';
import { END, i32Const, IF, instruction, Local } from './encoder/code.ts';
import type { Library } from './library.ts';
import type { Scratch } from './scratch.ts';
import { splatNames } from './splats.ts';
import { Statements } from './statements.ts';
import { tilesInMemory } from './tiles.ts';

const PARAMETERS = { buffers: 0, sizes: 1, begin: 2, end: 3, scratch: 4 } as const;
/** No buffer can have more elements, so no size is larger. */
const MOST_SIZE = 2n ** 31n - 1n;

export class PhaseWriter {
  private readonly context: Context;
  private readonly program: LoopProgram;
  private readonly parameters: Readonly<Record<keyof typeof PARAMETERS, Operand>>;

  constructor(
    private readonly phased: PhasedProgram,
    library: Library,
    features: WasmFeatures,
    private readonly scratch: Scratch,
    private readonly checks: KernelCheck[],
  ) {
    this.program = phased.program;
    const parameter = (name: keyof typeof PARAMETERS): Operand =>
      operandOf(new Local('i32', PARAMETERS[name]));
    this.parameters = {
      buffers: parameter('buffers'),
      sizes: parameter('sizes'),
      begin: parameter('begin'),
      end: parameter('end'),
      scratch: parameter('scratch'),
    };
    const facts = rootFacts(this.program);
    this.context = new Context(library, features, facts, (key) => this.argument(key));
  }

  private statements: Statements | undefined;

  write({ parallel, before, body }: Phase): Code {
    const { context } = this;
    const { asm } = context;
    const all = [...before, ...body];
    const [inMemory, splats] = [tilesInMemory(all), splatNames(all)];
    const statements = new Statements(context, this.scratch, this.checks, inMemory, splats);
    this.statements = statements;
    const { inputs, outputs } = this.program;
    for (const buffer of [...inputs, ...outputs, ...this.phased.shared]) {
      statements.places.addMemory(buffer);
    }
    for (const stmt of before) statements.write(stmt);
    if (parallel === undefined) {
      statements.writeBody(body);
    } else {
      const { begin, end } = this.parameters;
      context.index.bind('begin@', context.root, begin);
      const extent = asm.op('i32.sub', end, begin);
      const facts = insideLoop(context.frame.facts, parallel.variable, parallel.extent);
      const counter = { name: parallel.variable, start: 'begin@' };
      statements.writeLoop(counter, extent, end, body, false, () => {
        context.frame.facts = facts;
        statements.writeBody(body);
      });
    }
    asm.emit(i32Const(0));
    return context.root.code;
  }

  /** Address of a buffer (`&x`) or a size (`$n`). */
  private argument(key: string): Operand {
    const { asm } = this.context;
    const name = key.slice(1);
    if (key.startsWith('$')) {
      const at = this.program.sizes.findIndex((size) => size.name === name);
      if (at < 0) throw new Error(`${name} is no size`);
      const size = asm.load('i64.load', 3, this.parameters.sizes, 8 * at);
      asm.emit(asm.op('i64.gt_u', size, i64(MOST_SIZE)).item, IF);
      asm.emit(instruction('unreachable'), END);
      return asm.op('i32.wrap_i64', size);
    }
    if (key === '%scratch') return this.parameters.scratch;
    const offset = this.statements?.offsets.get(name);
    if (offset !== undefined) {
      const form = this.context.formOf(offset);
      const place = polyAdd(polyVariable('%scratch'), form);
      return this.context.index.valueOf(place, this.context.root);
    }
    const { inputs, outputs } = this.program;
    const at = [...inputs, ...outputs, ...this.phased.shared].findIndex(
      (buffer) => buffer.name === name,
    );
    if (!key.startsWith('&') || at < 0) throw new Error(`${key} has no value`);
    return asm.load('i32.load', 2, this.parameters.buffers, 4 * at);
  }
}
