/**
 * Gives the locals of a function numbers and writes its body: values used right where they were made stay on
 * the stack, and locals whose live ranges do not overlap share a number. Few locals keep the engine's
 * compilers fast; the optimising one finds registers by itself.
 */
import { Bytes, unsignedLeb } from './bytes.ts';
import type { Callee, Code, Item, Local, WasmType } from './code.ts';
import { flatten } from './code.ts';
import { opcode } from './opcodes.ts';

export const TYPE_BYTES: Readonly<Record<WasmType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const EMPTY_BLOCK = 0x40;
const DROP: Item = { kind: 'plain', bytes: opcode('drop') };

/** What only the module knows. */
export interface ModuleNames {
  numberOf(callee: Callee): number;
  /** The instruction for a constant vector. */
  vector(bytes: readonly number[]): readonly number[];
}

/** Locals and instructions of a function, as the code section wants them (without the size before them). */
export function encodeBody(parameters: number, code: Code, names: ModuleNames): Uint8Array {
  const items = stackValues(flatten(code));
  const { numbers, types } = allocate(parameters, items);
  const body = new Bytes();
  const runs: { type: WasmType; count: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  body.u32(runs.length);
  for (const { type, count } of runs) {
    body.u32(count);
    body.byte(TYPE_BYTES[type]);
  }
  for (const item of items) writeItem(body, item, numbers, names);
  body.append(opcode('end'));
  return body.done();
}

const LOCAL_CODES = { get: 0x20, set: 0x21, tee: 0x22 } as const;

function writeItem(
  body: Bytes,
  item: Item,
  numbers: ReadonlyMap<Local, number>,
  names: ModuleNames,
): void {
  switch (item.kind) {
    case 'plain':
      body.append(item.bytes);
      return;
    case 'vector':
      body.append(names.vector(item.bytes));
      return;
    case 'get':
    case 'set':
    case 'tee':
      body.byte(LOCAL_CODES[item.kind]);
      body.u32(numbers.get(item.local)!);
      return;
    case 'open':
      body.append(opcode(item.opens));
      body.byte(EMPTY_BLOCK);
      return;
    case 'else':
    case 'end':
      body.append(opcode(item.kind));
      return;
    case 'call':
      body.append([...opcode('call'), ...unsignedLeb(names.numberOf(item.callee))]);
      return;
    case 'declare':
    case 'nested':
      return;
  }
}

/** `set x, get x` is nothing where x has no other use, `tee x` else; a `set` nobody reads is a `drop`. */
function stackValues(items: readonly Item[]): Item[] {
  const gets = new Map<Local, number>();
  for (const item of items) {
    if (item.kind === 'get') gets.set(item.local, (gets.get(item.local) ?? 0) + 1);
  }
  const result: Item[] = [];
  for (const item of items) {
    const before = result.at(-1);
    if (item.kind === 'get' && before?.kind === 'set' && before.local === item.local) {
      result.pop();
      const once = gets.get(item.local) === 1 && !item.local.mutable;
      if (!once) result.push({ kind: 'tee', local: item.local });
    } else if (item.kind === 'declare' && !gets.has(item.local)) {
      continue;
    } else if (item.kind === 'set' && !gets.has(item.local)) {
      result.push(DROP);
    } else {
      result.push(item);
    }
  }
  return result;
}

interface Range {
  readonly local: Local;
  readonly start: number;
  end: number;
}

/**
 * Linear scan over positions. A range whose start lies before a loop and whose end lies inside it reaches to
 * the end of the loop; a value that loops carry starts at its `declare`, outside of them.
 */
function allocate(parameters: number, items: readonly Item[]) {
  const numbers = new Map<Local, number>();
  const ranges = new Map<Local, Range>();
  /** Innermost last: position and end of every loop around the current place. */
  const loopEnds = matchLoops(items);
  const open: { start: number; end: number }[] = [];
  items.forEach((item, at) => {
    while (open.length > 0 && open.at(-1)!.end <= at) open.pop();
    if (item.kind === 'open' && item.opens === 'loop') {
      open.push({ start: at, end: loopEnds.get(at)! });
    }
    if (
      item.kind !== 'get' &&
      item.kind !== 'set' &&
      item.kind !== 'tee' &&
      item.kind !== 'declare'
    ) {
      return;
    }
    const { local } = item;
    if (local.parameter !== undefined) {
      numbers.set(local, local.parameter);
      return;
    }
    const range = ranges.get(local);
    if (range === undefined) {
      ranges.set(local, { local, start: at, end: at });
      return;
    }
    const outermost = open.find(({ start }) => start > range.start);
    range.end = Math.max(range.end, outermost?.end ?? at);
  });

  const types: WasmType[] = [];
  const free = new Map<WasmType, number[]>();
  const live: Range[] = [];
  for (const range of ranges.values()) {
    for (let i = live.length - 1; i >= 0; i--) {
      if (live[i]!.end >= range.start) continue;
      const { local } = live[i]!;
      live[i] = live.at(-1)!;
      live.pop();
      const list = free.get(local.type) ?? [];
      list.push(numbers.get(local)!);
      free.set(local.type, list);
    }
    let number = free.get(range.local.type)?.pop();
    if (number === undefined) {
      number = parameters + types.length;
      types.push(range.local.type);
    }
    numbers.set(range.local, number);
    live.push(range);
  }
  return { numbers, types };
}

function matchLoops(items: readonly Item[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  items.forEach((item, at) => {
    if (item.kind === 'open') open.push(at);
    else if (item.kind === 'end') ends.set(open.pop()!, at);
  });
  return ends;
}
