/**
 * Memory of a program's own that lies as its one reader likes best: filled element by element, read by one product.
 * What a product reads out of several tensors, or transposed, then comes in panels as its constants do.
 */
import type { Buffer } from '../loop/expr.ts';
import type { LoopProgram } from '../loop/ir.ts';
import type { Axis, Nest } from './nest.ts';
import { dependsOn, nestAt, rootLoops } from './nest.ts';

/** Names of such locals. Layouts of four and more axes are chosen for convolutions, see `channelBlock.ts`. */
export function packableLocals(program: LoopProgram): ReadonlySet<string> {
  const { body } = program;
  const locals = body.flatMap((stmt) => (stmt.kind === 'local' ? [stmt.buffer] : []));
  const candidates = locals.filter(({ shape }) => shape.length > 1 && shape.every(isConstant));
  if (candidates.length === 0) return new Set();
  // Anything at the root that is no loop may touch memory as well.
  const plain = body.every(({ kind }) => kind === 'for' || kind === 'local' || kind === 'comment');
  if (!plain) return new Set();
  const nests = rootLoops(program).map((variable) => nestAt(program, variable));
  return new Set(candidates.filter((buffer) => isPackable(buffer, nests)).map(({ name }) => name));
}

function isConstant({ kind }: Buffer['shape'][number]): boolean {
  return kind === 'constant';
}

function isPackable({ name }: Buffer, nests: readonly Nest[]): boolean {
  const using = (kind: 'load' | 'store'): readonly Nest[] =>
    nests.filter(({ accesses }) =>
      accesses.some((access) => access.kind === kind && access.buffer.name === name),
    );
  const [writers, readers] = [using('store'), using('load')];
  const [reader] = readers;
  if (readers.length !== 1 || reader?.kind !== 'contraction' || writers.length === 0) return false;
  return writers.every((nest) => nest.kind === 'pointwise') && !slides(name, reader);
}

/** Windows overlap: no order of the elements suits them all. */
function slides(name: string, { accesses, axes, inner }: Nest): boolean {
  return accesses.some(
    ({ buffer, indices }) =>
      buffer.name === name &&
      indices.some((index) => {
        const on = ({ variable }: Axis): boolean => dependsOn({ indices: [index] }, variable);
        return inner.some(on) && axes.some(on);
      }),
  );
}
