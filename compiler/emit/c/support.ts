/**
 * Small C functions that kernels call: named `operation_type` or `operation_typexlanes`, each made when it is
 * called, with everything it calls itself. Scalar and vector forms compute the same.
 */
import type { StorageType } from '../../loop/scalarType.ts';
import { INDEX_SUPPORT } from './indexText.ts';
import { CAST_SUPPORT } from './supportCast.ts';
import type { SupportCall, SupportTable } from './supportCall.ts';
import { lanewise } from './supportCall.ts';
import { FLOAT_SUPPORT } from './supportFloat.ts';
import { HALF_SUPPORT } from './supportHalf.ts';
import { INTEGER_SUPPORT } from './supportInteger.ts';
import { LANE_SUPPORT } from './supportLanes.ts';
import { MATH_SUPPORT } from './supportMath.ts';

const TABLES: readonly SupportTable[] = [
  LANE_SUPPORT,
  MATH_SUPPORT,
  FLOAT_SUPPORT,
  INTEGER_SUPPORT,
  CAST_SUPPORT,
  HALF_SUPPORT,
];

/** Calls of support functions in a text: operation, type, lanes. */
export const SUPPORT_CALL =
  /\b([A-Za-z]\w*?)_(b?f16|f32|f64|[iu](?:8|16|32|64)|bool)(?:x(\d+))?(?=\()/g;

/** Definitions of all functions that the text calls, in the order that C needs. */
export function supportFor(text: string): readonly string[] {
  const done = new Map<string, string>();
  const visit = (code: string): void => {
    for (const [name, definition] of Object.entries(INDEX_SUPPORT)) {
      if (!done.has(name) && code.includes(`${name}(`)) done.set(name, definition);
    }
    for (const [name, operation, type, lanes] of code.matchAll(SUPPORT_CALL)) {
      if (done.has(name)) continue;
      const made = makeSupport({
        operation: operation!,
        type: type as StorageType,
        lanes: Number(lanes ?? 1),
        name,
      });
      visit(made.slice(made.indexOf('{')));
      done.set(name, made);
    }
  };
  visit(text);
  return [...done.values()];
}

/** The definition of one function. Throws Error where there is none of that name. */
export function makeSupport(call: SupportCall): string {
  for (const table of TABLES) {
    const made = table[call.operation]?.(call);
    if (made !== undefined) return made;
  }
  if (call.lanes > 1) {
    const name = `${call.operation}_${call.type}`;
    const scalar = makeSupport({ ...call, lanes: 1, name });
    const parameters = /\(([^)]*)\)/.exec(scalar)![1]!.split(',');
    return lanewise(call, parameters.length);
  }
  throw new Error(`no support function ${call.name}`);
}
