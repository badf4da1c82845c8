/**
 * Whether an output may stand in the memory of an input that nobody reads later: proven from the kernel's phases.
 * In no order of parallel iterations may an element be written before its last read.
 */
import type { PhasedProgram } from '../emit/kernel.ts';
import { storageBytes } from '../loop/scalarType.ts';
import type { Access, Affine, PathStep } from './accesses.ts';
import { accessesOf } from './accesses.ts';

/** Pairs of accesses looked at; beyond, the answer is no. */
const MOST_PAIRS = 20_000;

/** @param input place among the program's inputs; `output` among its outputs. Both of constant shape. */
export function mayReplace({ program, phases }: PhasedProgram, input: number, output: number) {
  const [from, to] = [program.inputs[input]!, program.outputs[output]!];
  if (storageBytes(from.storage) !== storageBytes(to.storage)) return false;
  const shapes = [from, to].map(({ shape }) =>
    shape.map((dim) => (dim.kind === 'constant' ? dim.value : Number.NaN)),
  ) as [number[], number[]];
  if (shapes[0].join() !== shapes[1].join() || shapes[0].some(Number.isNaN)) return false;
  const strides = stridesOf(shapes[0]);
  let isWritten = false;
  for (const phase of phases) {
    const { loads, stores, opaque } = accessesOf(phase, program, from.name, to.name, strides);
    // Phases follow each other: whatever was read before the first write is no concern.
    if (isWritten && (loads.length > 0 || opaque)) return false;
    if (stores.length === 0 && !opaque) continue;
    isWritten = true;
    if (loads.length === 0 && !opaque) continue;
    if (opaque || loads.length * stores.length > MOST_PAIRS) return false;
    if (!loads.every((load) => stores.every((store) => readsFirst(load, store)))) return false;
  }
  return true;
}

function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

/** The store never writes what the load reads later, whichever iterations of the loops run first. */
function readsFirst(load: Access, store: Access): boolean {
  if (load.address === undefined || store.address === undefined) return false;
  const common = commonSteps(load.path, store.path);
  const shared = load.path.slice(0, common).flatMap(({ loop }) => loop ?? []);
  const outer = new Set(shared.map(({ variable }) => variable));
  for (const { variable } of shared) {
    const a = load.address.coefficients.get(variable) ?? 0;
    if (a !== (store.address.coefficients.get(variable) ?? 0)) return false;
  }
  const read = reach(load, outer);
  const written = reach(store, outer);
  if (read === undefined || written === undefined) return false;
  // Within one iteration of the shared loops.
  const apart = read.most < written.least || written.most < read.least;
  const [a, b] = [load.path[common], store.path[common]];
  const exclusive = a !== undefined && b !== undefined && a.branch !== b.branch;
  const before = a === undefined || b === undefined || a.statement < b.statement;
  if (!apart && !exclusive && !before) return false;
  // Between iterations: each has a stretch of addresses of its own.
  const span = Math.max(read.most, written.most) - Math.min(read.least, written.least) + 1;
  return stepsOver(span, shared, load.address);
}

/** Number of steps that two ways have in common: the same statements, in the same lists. */
function commonSteps(a: readonly PathStep[], b: readonly PathStep[]): number {
  let common = 0;
  while (common < a.length && common < b.length) {
    const [x, y] = [a[common]!, b[common]!];
    if (x.statement !== y.statement || x.branch !== y.branch) break;
    common++;
  }
  return common;
}

/** Least and most address offset over the loops that the other access is not in. */
function reach(
  { address, path, lanes }: Access,
  outer: ReadonlySet<string>,
): { readonly least: number; readonly most: number } | undefined {
  let [least, most] = [address!.constant, address!.constant + lanes - 1];
  const own = new Map(path.flatMap(({ loop }) => (loop ? [[loop.variable, loop.extent]] : [])));
  for (const [name, coefficient] of address!.coefficients) {
    if (outer.has(name) || coefficient === 0) continue;
    const extent = own.get(name);
    if (extent === undefined) return undefined;
    const far = coefficient * Math.max(0, extent - 1);
    if (far < 0) least += far;
    else most += far;
  }
  return { least, most };
}

/** Every iteration of the loops moves the address past all that the iterations before it reach. */
function stepsOver(
  span: number,
  loops: readonly { readonly variable: string; readonly extent: number }[],
  { coefficients }: Affine,
): boolean {
  const steps = loops
    .filter(({ extent }) => extent > 1)
    .map(({ variable, extent }) => ({ step: Math.abs(coefficients.get(variable) ?? 0), extent }))
    .sort((a, b) => a.step - b.step);
  let covered = span;
  for (const { step, extent } of steps) {
    if (step < covered) return false;
    covered += step * (extent - 1);
  }
  return true;
}
