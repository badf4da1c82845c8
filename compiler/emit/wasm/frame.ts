/**
 * A stretch of straight code while it is being written: the body of a function, loop or branch. Code of an
 * inner frame joins that of the outer one when it is complete, so whatever is appended to an outer frame
 * meanwhile runs before the inner construct: the place for its invariants.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Operand } from './assembler.ts';
import type { Code } from './encoder/code.ts';

/** The loop variable of a frame. */
export interface Counter {
  /** Atom of the variable. */
  readonly name: string;
  /** Atom of its first value; undefined: 0. */
  readonly start?: string;
}

export class Frame {
  readonly code: Code = [];
  /** Steps of pointers, at the end of an iteration. */
  readonly increments: Code = [];
  /** Values known here, by what they compute. */
  private readonly values = new Map<string, unknown>();
  readonly depth: number;

  /** @param repeats the code runs several times: a loop. */
  constructor(
    readonly parent: Frame | undefined,
    readonly repeats: boolean,
    /** What holds at the end of the code so far. */
    public facts: Facts,
    readonly counter?: Counter,
  ) {
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** A value computed here or in an enclosing frame. */
  find<T>(key: string): T | undefined {
    return (this.values.get(key) as T | undefined) ?? this.parent?.find<T>(key);
  }

  /** A value computed in this very frame. */
  own(key: string): Operand | undefined {
    return this.values.get(key) as Operand | undefined;
  }

  keep<T>(key: string, value: T): T {
    this.values.set(key, value);
    return value;
  }

  operand(key: string): Operand | undefined {
    return this.find(key);
  }
}
