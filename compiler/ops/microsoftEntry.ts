/**
 * Shorthand for operators of ONNX Runtime's own domain, all at version 1 of `com.microsoft`. They have no
 * formal specification; the entries follow the contrib-operator documentation of ONNX Runtime 1.2x.
 */
import type { OperatorEntry } from './define.ts';
import type { OperatorSpec } from './entry.ts';
import { operator } from './entry.ts';

export function microsoft(name: string, spec: Omit<OperatorSpec, 'since'>): OperatorEntry {
  return operator(name, { domain: 'com.microsoft', since: [1], ...spec });
}
