/**
 * Equal text for programs that are the same but for their names and whom their checks blame: such blocks share one
 * kernel, which is scheduled, emitted and compiled once.
 */
import { createHash } from 'node:crypto';
import type { LoopProgram, Stmt } from '../loop/ir.ts';
import { bodiesOf } from '../loop/ir.ts';

/** `context`: whatever else decides the kernel (layouts, which inputs are constants). */
export function kernelKey(program: LoopProgram, context: unknown): string {
  const text = JSON.stringify([{ ...program, name: '' }, context], replacer);
  return createHash('sha256').update(text).digest('base64');
}

/** Numbers and BigInts keep their identity: JSON has neither -0 nor NaN nor 64-bit integers. */
function replacer(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !(Number.isFinite(value) && !Object.is(value, -0))) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (key === 'operator') return undefined;
  if (key === 'buffer') {
    // Declared once, with the arguments or where a local starts; named by accesses.
    const isLocal = (this as { kind?: string }).kind === 'local';
    return isLocal ? value : (value as { name: string }).name;
  }
  const isComment = (value as { kind?: string } | null)?.kind === 'comment';
  return isComment ? null : value;
}

/** Operators that checks blame, in order of the statements; equal programs have lists of equal length. */
export function blamedOperators(program: LoopProgram): readonly string[] {
  const found: string[] = [];
  const visit = (body: readonly Stmt[]): void => {
    for (const stmt of body) {
      if (stmt.kind === 'check' || stmt.kind === 'checkedIndex') found.push(stmt.operator);
      for (const inner of bodiesOf(stmt)) visit(inner);
    }
  };
  visit(program.body);
  return found;
}
