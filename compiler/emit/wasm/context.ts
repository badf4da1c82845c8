/**
 * The state shared by everything that writes one function: where code goes, what is known there, and how
 * indices become values.
 */
import type { Index } from '../../loop/indexExpr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Polynomial } from '../../loop/polynomial.ts';
import { polyVariable } from '../../loop/polynomial.ts';
import { normalForm } from '../../loop/simplifyIndex.ts';
import { Assembler } from './assembler.ts';
import type { Operand } from './assembler.ts';
import type { Counter } from './frame.ts';
import { Frame } from './frame.ts';
import { IndexValues } from './indexValues.ts';
import type { Library } from './library.ts';

export interface WasmFeatures {
  /** Fused multiply-add as `f32x4.relaxed_madd`. */
  readonly relaxedSimd: boolean;
}

export class Context {
  readonly asm = new Assembler();
  readonly root: Frame;
  readonly index: IndexValues;
  frame: Frame;
  private made = 0;

  constructor(
    readonly library: Library,
    readonly features: WasmFeatures,
    facts: Facts,
    argument: (key: string) => Operand,
  ) {
    this.root = new Frame(undefined, false, facts);
    this.frame = this.root;
    this.asm.code = this.root.code;
    this.index = new IndexValues(this.asm, this.root, argument);
  }

  /** Writes the body of a loop or branch; its code is the result's. */
  inside(facts: Facts, write: () => void, repeats: boolean, counter?: Counter): Frame {
    const outer = this.frame;
    const frame = new Frame(outer, repeats, facts, counter);
    if (counter !== undefined) this.index.setHome(counter.name, frame);
    this.frame = frame;
    this.asm.code = frame.code;
    write();
    this.frame = outer;
    this.asm.code = outer.code;
    return frame;
  }

  /** A name that no program uses. */
  fresh(word: string): string {
    return `${word}@${this.made++}`;
  }

  number(): number {
    return this.made++;
  }

  /** Normal form at the current place; what is too complex is computed now and gets a name. */
  formOf(index: Index): Polynomial {
    const form = normalForm(index, this.frame.facts);
    if (form !== undefined && form.terms.length <= MOST_TERMS) return form;
    if (index.kind === 'constant' || index.kind === 'variable' || index.kind === 'size') {
      throw new Error('a name has a value');
    }
    const value = this.index.plainValueOf(index, this.frame, (part) => this.formOf(part));
    const name = this.fresh('index');
    this.index.bind(name, this.frame, value);
    return polyVariable(name);
  }

  valueOf(p: Polynomial): Operand {
    return this.index.valueOf(p, this.frame);
  }
}

const MOST_TERMS = 40;
