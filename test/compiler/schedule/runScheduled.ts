// Runs lowered programs as a schedule of theirs: memory goes into the layouts that the schedule wants, and comes
// back row-major. Takes the place of the interpreter wherever lowered programs are judged.
import { unprovenAccesses } from '../../../compiler/loop/bounds.ts';
import type { Buffer } from '../../../compiler/loop/expr.ts';
import type { Scalar } from '../../../compiler/loop/arithmetic.ts';
import { constant, evaluateIndex, variable } from '../../../compiler/loop/indexExpr.ts';
import { interpret, shapeOf } from '../../../compiler/loop/interpret.ts';
import type { Layout } from '../../../compiler/loop/layout.ts';
import { physicalIndex } from '../../../compiler/loop/layout.ts';
import type { LoopProgram } from '../../../compiler/loop/ir.ts';
import type { Cells } from '../../../compiler/loop/memory.ts';
import { allocate, elementsOf } from '../../../compiler/loop/memory.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import { verifyProgram } from '../../../compiler/loop/verify.ts';
import { channelLayout } from '../../../compiler/schedule/channelBlock.ts';
import type { NestNote } from '../../../compiler/schedule/schedule.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import type { ChooseBlocking } from '../../../compiler/schedule/winograd/choose.ts';
import { domainOf, transformFilters } from '../../../compiler/schedule/winograd/transforms.ts';
import type { TileSize } from '../../../compiler/schedule/winograd/transforms.ts';
import type { Target } from '../../../compiler/target/target.ts';
import { TARGETS } from '../../../compiler/target/target.ts';

/** Vectors of four, so that small shapes have whole vectors and remainders. */
export const SMALL_TARGET: Target = { ...TARGETS['arm64-v8a'], name: 'small' };

export interface ScheduledRunOptions {
  readonly target?: Target;
  /** Blocks the channels of everything that can be blocked. */
  readonly blocked?: boolean;
  /** Inputs that may be packed, by name; default: all but the first. */
  readonly constants?: (program: LoopProgram) => ReadonlySet<string>;
  /** Default: what the target's rule says. */
  readonly blocking?: ChooseBlocking;
  readonly onSchedule?: (program: LoopProgram, nests: readonly NestNote[]) => void;
}

/** As `interpret`, on the scheduled program; throws Error where that is unsound. */
export function runScheduled(options: ScheduledRunOptions = {}): typeof interpret {
  const { target = SMALL_TARGET, blocked = false } = options;
  const constantsOf =
    options.constants ??
    (({ inputs }: LoopProgram) => new Set(inputs.slice(1).map(({ name }) => name)));
  return (program, sizes, memory, runOptions) => {
    const constants = constantsOf(program);
    const layouts = new Map<string, Layout>();
    for (const buffer of blocked ? [...program.inputs, ...program.outputs] : []) {
      const layout = constants.has(buffer.name) ? undefined : channelLayout(buffer, target);
      if (layout !== undefined) layouts.set(buffer.name, layout);
    }
    const { blocking } = options;
    const request = { target, constants, layouts, ...(blocking && { blocking }) };
    const scheduled = scheduleProgram(program, request);
    expectSound(program, scheduled.program);
    options.onSchedule?.(scheduled.program, scheduled.nests);
    const layoutOf = (name: string): Layout | undefined =>
      scheduled.packed.get(name) ?? layouts.get(name);
    const physical = new Map<string, Cells>();
    const places = new Map<string, readonly number[]>();
    const all = [...scheduled.program.inputs, ...scheduled.program.outputs];
    [...program.inputs, ...program.outputs].forEach((logical, i) => {
      const { name, storage } = logical;
      const shape = shapeOf(all[i]!.shape, sizes);
      const tile = scheduled.filters?.get(name);
      const form = tile === undefined ? logical : transformed(logical, tile);
      const place = placesOf(form, shape, layoutOf(name), sizes);
      places.set(name, place);
      const isInput = i < program.inputs.length;
      const count = shape.reduce((a, b) => a * b, 1);
      // Padding of packed constants is zero; that of other memory is undefined.
      const packed = scheduled.packed.has(name);
      const given = isInput ? elementsFor(memory.get(name)!, tile) : undefined;
      const cells = allocate(storage, count, isInput && packed ? 'zero' : 'poisoned');
      if (given) place.forEach((to, from) => cells.set(to, given(from)));
      physical.set(name, cells);
    });
    interpret(scheduled.program, sizes, physical, runOptions);
    for (const { name } of program.outputs) {
      const [from, to] = [physical.get(name)!, memory.get(name)!];
      places.get(name)!.forEach((at, logical) => copyCell(from, at, to, logical));
    }
  };
}

/** Filters as the kernel wants them. */
function transformed(buffer: Buffer, tile: TileSize): Buffer {
  const domain = constant(domainOf(tile));
  return { ...buffer, shape: [...buffer.shape.slice(0, -2), domain, domain] };
}

function elementsFor(cells: Cells, tile: TileSize | undefined): (at: number) => Scalar {
  if (tile === undefined) return (at) => cells.get(at);
  const filters = transformFilters(Float32Array.from(elementsOf(cells), Number), tile);
  return (at) => filters[at]!;
}

/** What was never written (beyond a size that the program finds out) stays unwritten. */
function copyCell(from: Cells, at: number, to: Cells, place: number): void {
  let value;
  try {
    value = from.get(at);
  } catch {
    return;
  }
  to.set(place, value);
}

export function expectSound(program: LoopProgram, scheduled: LoopProgram): void {
  const problems = [...verifyProgram(scheduled), ...unprovenAccesses(scheduled)];
  if (problems.length > 0) {
    throw new Error(
      `${problems.join('\n')}\nin\n${printProgram(program)}\n${printProgram(scheduled)}`,
    );
  }
}

/** Physical position of every logical element, row-major. */
function placesOf(
  { shape: logicalShape }: Buffer,
  physicalShape: readonly number[],
  layout: Layout | undefined,
  sizes: ReadonlyMap<string, number>,
): readonly number[] {
  const logical = shapeOf(logicalShape, sizes);
  const names = logical.map((_, axis) => variable(`axis${axis}`));
  const indices = layout === undefined ? names : physicalIndex(layout, names);
  const count = logical.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, element) => {
    const at = new Map<string, number>();
    let rest = element;
    for (let axis = logical.length - 1; axis >= 0; axis--) {
      at.set(`axis${axis}`, rest % logical[axis]!);
      rest = Math.floor(rest / logical[axis]!);
    }
    return indices.reduce((position, index, axis) => {
      const value = evaluateIndex(
        index,
        (name) => at.get(name)!,
        () => 0,
      );
      return position * physicalShape[axis]! + value;
    }, 0);
  });
}
