/**
 * Convolutions of a program for CPUs through Winograd's domain where that is faster. Filters are transformed when
 * they are packed: their buffers have other shapes then.
 */
import type { Buffer } from '../../loop/expr.ts';
import { constant } from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { factsAfter, rootFacts, simplifyProgram } from '../../loop/simplify.ts';
import { Names } from '../transform/names.ts';
import type { ChooseBlocking } from './choose.ts';
import { matchConvolution } from './match.ts';
import { stagesOf } from './stages.ts';
import type { TileSize } from './transforms.ts';
import { domainOf } from './transforms.ts';

export interface WinogradProgram {
  readonly program: LoopProgram;
  /** Loops whose bodies are nests that follow each other: see `stagedNests`. */
  readonly staged: ReadonlySet<string>;
  /** Tiles that filters have to be transformed for, by buffer name. */
  readonly filters: ReadonlyMap<string, TileSize>;
}

export function throughWinograd(
  program: LoopProgram,
  constants: ReadonlySet<string>,
  choose: ChooseBlocking,
): WinogradProgram {
  const staged = new Set<string>();
  const filters = new Map<string, TileSize>();
  const changed = new Map<string, Buffer>();
  const names = Names.of(program);
  let facts = rootFacts(program);
  const body = program.body.flatMap((stmt): readonly Stmt[] => {
    const conv =
      stmt.kind === 'for' ? matchConvolution(program, stmt, facts, constants) : undefined;
    facts = factsAfter(stmt, facts);
    const blocking = conv && choose(conv);
    if (conv === undefined || blocking === undefined) return [stmt];
    const domain = constant(domainOf(blocking.tile));
    const filter = { ...conv.filter, shape: [...conv.filter.shape.slice(0, -2), domain, domain] };
    changed.set(filter.name, filter);
    filters.set(filter.name, blocking.tile);
    const stages = names.replacing([stmt], () => stagesOf(conv, blocking, filter, names));
    if (stages.outer !== undefined) staged.add(stages.outer);
    return stages.body;
  });
  const inputs = program.inputs.map((buffer) => changed.get(buffer.name) ?? buffer);
  if (filters.size === 0) return { program, staged, filters };
  return { program: simplifyProgram({ ...program, inputs, body }), staged, filters };
}
