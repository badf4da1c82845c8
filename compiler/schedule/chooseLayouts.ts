/**
 * One layout per value of a planned graph: channel-blocked in chains of convolutions, pools and what is pointwise
 * between them, row-major elsewhere, for the graph's inputs and outputs always. Values that one nest walks along
 * the same channels share their fate; each group is decided by the bytes that gain and the bytes that lose.
 */
import type { Buffer } from '../loop/expr.ts';
import type { Layout } from '../loop/layout.ts';
import type { LoopProgram } from '../loop/ir.ts';
import { storageBytes } from '../loop/scalarType.ts';
import { simplifyProgram } from '../loop/simplify.ts';
import { normalForm } from '../loop/simplifyIndex.ts';
import type { Target } from '../target/target.ts';
import { blockSize, channelLayout } from './channelBlock.ts';
import { matchDivisions } from './divisions.ts';
import type { Access, Nest } from './nest.ts';
import { dependsOn, nestAt, rootLoops } from './nest.ts';

/** What of a lowered block matters here. */
export interface BlockPrograms {
  readonly program: LoopProgram;
  /** Value of each input and output of the program; -1 where it is none. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** What of a graph's value matters here. */
export interface LayoutValue {
  readonly isInput: boolean;
  readonly isOutput: boolean;
  /** Below 0 for inputs and constants. */
  readonly producer: number;
}

export interface LayoutChoice {
  /** Channel-blocked values; all others are row-major. */
  readonly layouts: ReadonlyMap<number, Layout>;
  /** Accesses that cross from one layout to the other: once per block and value, with the bytes of the value. */
  readonly conversions: { readonly count: number; readonly bytes: number };
}

export function chooseLayouts(
  blocks: readonly BlockPrograms[],
  values: readonly LayoutValue[],
  target: Target,
): LayoutChoice {
  const groups = new Groups(values, target);
  const locals = new Locals();
  const uses = blocks.map((block) => usesOf(block, values, locals));
  for (const nests of uses) for (const nest of nests) groups.add(nest);
  const layouts = groups.layouts();
  return { layouts, conversions: conversionsIn(uses, layouts) };
}

/** Memory inside of programs takes part under numbers below -1: it stands between values that are decided. */
class Locals {
  private next = -2;

  number(): number {
    return this.next--;
  }
}

/** How a nest walks the channels of a value. */
interface Use {
  readonly value: number;
  readonly buffer: Buffer;
  /**
   * The loop variable that the channel is, up to a multiple of the block; `mixed`: something else, as in a
   * transposition.
   */
  readonly channel: string | 'mixed';
  /** Smallest common divisor of what is added to the variable; 0 for nothing. */
  readonly offset: number;
  readonly kind: Access['kind'];
  /** The channel is summed over. */
  readonly reduced: boolean;
}

interface NestUses {
  readonly kind: Nest['kind'];
  readonly uses: readonly Use[];
}

function usesOf(
  block: BlockPrograms,
  values: readonly LayoutValue[],
  locals: Locals,
): readonly NestUses[] {
  const program = matchDivisions(simplifyProgram(block.program));
  const valueOf = new Map<string, number>();
  program.inputs.forEach(({ name }, i) => valueOf.set(name, block.inputs[i] ?? -1));
  program.outputs.forEach(({ name }, i) => valueOf.set(name, block.outputs[i] ?? -1));
  for (const stmt of program.body) {
    if (stmt.kind === 'local') valueOf.set(stmt.buffer.name, locals.number());
  }
  return rootLoops(program).map((variable) => {
    const nest = nestAt(program, variable);
    const uses = nest.accesses.flatMap((access): Use[] => {
      const value = valueOf.get(access.buffer.name) ?? -1;
      const known = values[value];
      if (value === -1 || access.buffer.shape.length < 4) return [];
      if (known !== undefined && known.producer < 0 && !known.isInput) return [];
      const [channel, offset] = channelOf(access);
      const reduced = nest.inner.some((axis) => axis.variable === channel);
      return [{ value, buffer: access.buffer, channel, offset, kind: access.kind, reduced }];
    });
    return { kind: nest.kind, uses };
  });
}

function channelOf(access: Access): readonly [channel: string | 'mixed', offset: number] {
  const index = access.indices[1]!;
  const form = normalForm(index, access.facts);
  let channel: string | undefined;
  let offset = 0;
  for (const { coefficient, atoms } of form?.terms ?? []) {
    const [only] = atoms;
    if (only === undefined) offset = coefficient;
    else if (atoms.length > 1 || only.kind !== 'variable' || coefficient !== 1) return ['mixed', 0];
    else if (channel === undefined) channel = only.name;
    else return ['mixed', 0];
  }
  if (channel === undefined) return ['mixed', 0];
  // The same variable elsewhere, as in x[0, i, i]: no layout helps.
  const elsewhere = access.indices.some(
    (other, axis) => axis !== 1 && dependsOn({ indices: [other] }, channel),
  );
  return elsewhere ? ['mixed', 0] : [channel, offset];
}

class Groups {
  private readonly parent = new Map<number, number>();
  private readonly buffers = new Map<number, Buffer>();
  private readonly votes = new Map<number, number>();

  constructor(
    private readonly values: readonly LayoutValue[],
    private readonly target: Target,
  ) {}

  add({ kind, uses }: NestUses): void {
    const convolves = uses.some(({ reduced, kind: access }) => reduced && access === 'load');
    for (const use of uses) {
      this.buffers.set(use.value, use.buffer);
      this.vote(use, kind, convolves);
      for (const other of uses) {
        // Layouts along reduced channels are independent of those of the results.
        if (use.channel !== 'mixed' && use.channel === other.channel && !use.reduced) {
          this.join(use.value, other.value);
        }
      }
    }
  }

  layouts(): ReadonlyMap<number, Layout> {
    const sums = new Map<number, number>();
    for (const [value, vote] of this.votes) {
      const root = this.find(value);
      sums.set(root, (sums.get(root) ?? 0) + vote);
    }
    const layouts = new Map<number, Layout>();
    for (const [value, buffer] of this.buffers) {
      const known = this.values[value];
      if (known === undefined || known.isInput || known.isOutput) continue;
      const layout = channelLayout(buffer, this.target);
      if (layout !== undefined && (sums.get(this.find(value)) ?? 0) > 0) {
        layouts.set(value, layout);
      }
    }
    return layouts;
  }

  private vote({ value, buffer, channel, offset }: Use, kind: Nest['kind'], convolves: boolean) {
    const bytes = bytesOf(buffer);
    const { isInput, isOutput } = this.values[value] ?? { isInput: false, isOutput: false };
    const layout = channelLayout(buffer, this.target);
    const aligned =
      layout !== undefined && (offset % blockSize(layout) === 0 || isWhole(buffer, layout));
    let vote = 0;
    if (channel === 'mixed' || !aligned || isInput || isOutput) vote = -bytes;
    else if (convolves || kind === 'window') vote = 2 * bytes;
    this.votes.set(value, (this.votes.get(value) ?? 0) + vote);
  }

  private join(a: number, b: number): void {
    this.parent.set(this.find(a), this.find(b));
  }

  private find(value: number): number {
    let at = value;
    for (let up = this.parent.get(at); up !== undefined && up !== at; up = this.parent.get(at)) {
      at = up;
    }
    return at;
  }
}

/** All channels in one block. */
function isWhole({ shape }: Buffer, layout: Layout): boolean {
  const channels = shape[1]!;
  return channels.kind === 'constant' && channels.value <= blockSize(layout);
}

function conversionsIn(
  blocks: readonly (readonly NestUses[])[],
  layouts: ReadonlyMap<number, Layout>,
): LayoutChoice['conversions'] {
  let [count, bytes] = [0, 0];
  for (const nests of blocks) {
    const converted = new Map<number, Buffer>();
    for (const { uses } of nests) {
      const blocked = uses.filter(({ value }) => layouts.has(value));
      if (blocked.length === 0) continue;
      const mixed = blocked.filter(({ channel }) => channel === 'mixed');
      const rows = uses.filter(({ value, buffer, channel, reduced }) => {
        if (value < 0 || layouts.has(value) || isSmall(buffer)) return false;
        return !reduced && blocked.some((other) => other.channel === channel);
      });
      for (const { value, buffer } of [...mixed, ...rows]) converted.set(value, buffer);
    }
    for (const buffer of converted.values()) {
      count++;
      bytes += bytesOf(buffer);
    }
  }
  return { count, bytes };
}

/** One value per channel: the same memory in either layout. */
function isSmall({ shape }: Buffer): boolean {
  return shape.slice(2).every((dim) => dim.kind === 'constant' && dim.value === 1);
}

function bytesOf({ shape, storage }: Buffer): number {
  return shape.reduce(
    (product, dim) => product * (dim.kind === 'constant' ? dim.value : 64),
    storageBytes(storage),
  );
}
