/**
 * Checks what a runner prints: lines of a device are untrusted. Sizes are limited before anything is decoded, every
 * field is checked and rebuilt, unknown kinds and fields are refused.
 */
import type { PlanIndex, RunnerMessage } from './runProtocol.ts';

/** Bytes of one line: 100,000 repetitions of 20 digits. */
export const MOST_LINE_BYTES = 1 << 21;
const MOST_REPETITIONS = 100_000;
const MOST_AXES = 64;
const MOST_SYMBOLS = 100_000;
const MOST_TEXT = 1000;
const MOST_INDEX = 1 << 20;

/** What the host knows of the bundle: messages about anything else are refused. */
export interface RunnerLimits {
  readonly steps: number;
  readonly buffers: number;
  readonly outputs: number;
  readonly symbols: number;
}

const NO_LIMITS: RunnerLimits = {
  steps: MOST_INDEX,
  buffers: MOST_INDEX,
  outputs: MOST_INDEX,
  symbols: MOST_SYMBOLS,
};

/** A line that is no message of the protocol. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage';
}

/** One line without its end. Throws BadMessage. */
export function parseRunnerMessage(line: string, limits: RunnerLimits = NO_LIMITS): RunnerMessage {
  if (line.length > MOST_LINE_BYTES) throw new BadMessage('a line is too long');
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new BadMessage('a line is no JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new BadMessage('a line is no JSON object');
  }
  const reader = new FieldReader(parsed as Record<string, unknown>);
  const message = readMessage(reader, limits);
  reader.end();
  return message;
}

function readMessage(read: FieldReader, limits: RunnerLimits): RunnerMessage {
  const kind = read.text('kind');
  switch (kind) {
    case 'hello': {
      const firstRunMs = read.optional('firstRunMs', (name) => read.duration(name));
      const version = read.optional('version', (name) => read.text(name));
      return {
        kind,
        runner: read.text('runner'),
        ...(version === undefined ? {} : { version }),
        threads: read.whole('threads', 4096),
        cores: read.whole('cores', 65536),
        ...(firstRunMs === undefined ? {} : { firstRunMs }),
      };
    }
    case 'first':
      return { kind, ...planOf(read), nanoseconds: read.whole('nanoseconds') };
    case 'total':
      return { kind, ...planOf(read), nanoseconds: read.wholes('nanoseconds', MOST_REPETITIONS) };
    case 'block':
      return {
        kind,
        step: read.below('step', limits.steps),
        nanoseconds: read.wholes('nanoseconds', MOST_REPETITIONS),
      };
    case 'output':
      return {
        kind,
        index: read.below('index', limits.outputs),
        dims: read.wholes('dims', MOST_AXES),
        offset: read.whole('offset'),
        bytes: read.whole('bytes'),
      };
    case 'tensor':
      return {
        kind,
        buffer: read.below('buffer', limits.buffers),
        offset: read.whole('offset'),
        bytes: read.whole('bytes'),
      };
    case 'sizes': {
      const values = read.wholes('values', limits.symbols);
      if (values.length !== limits.symbols && limits !== NO_LIMITS) read.refuse('values');
      return { kind, values };
    }
    case 'memory':
      return { kind, peakBytes: read.whole('peakBytes') };
    case 'error': {
      const step = read.optional('step', (name) => read.below(name, limits.steps));
      const check = read.optional('check', (name) => read.below(name, MOST_INDEX));
      const failure = read.optional('failure', (name) => read.text(name));
      if (failure !== undefined && failure !== 'unavailable') read.refuse('failure');
      return {
        kind,
        ...(failure === undefined ? {} : { failure }),
        ...(step === undefined ? {} : { step }),
        ...(check === undefined ? {} : { check }),
        message: read.text('message'),
      };
    }
    case 'done':
      return { kind };
    default:
      throw new BadMessage('a message is of no known kind');
  }
}

function planOf(read: FieldReader): { readonly plan?: PlanIndex } {
  const plan = read.optional('plan', (name) => read.below(name, 2));
  return plan === undefined ? {} : { plan: plan as PlanIndex };
}

/** Takes fields out of an object, checked; what is left at the end is refused. */
class FieldReader {
  private readonly taken = new Set<string>();

  constructor(private readonly object: Readonly<Record<string, unknown>>) {}

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== 'string' || value.length > MOST_TEXT) this.refuse(name);
    return value;
  }

  whole(name: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.take(name);
    if (!isWhole(value) || value > most) this.refuse(name);
    return value;
  }

  below(name: string, end: number): number {
    return this.whole(name, end - 1);
  }

  duration(name: string): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) this.refuse(name);
    return value;
  }

  wholes(name: string, most: number): readonly number[] {
    const value = this.take(name);
    if (!Array.isArray(value) || value.length > most || !value.every(isWhole)) this.refuse(name);
    return value;
  }

  optional<T>(name: string, read: (name: string) => T): T | undefined {
    return Object.hasOwn(this.object, name) ? read(name) : undefined;
  }

  /** Throws BadMessage when fields are left that nobody asked for. */
  end(): void {
    for (const name of Object.keys(this.object)) {
      if (!this.taken.has(name)) throw new BadMessage('a message has a field too many');
    }
  }

  refuse(name: string): never {
    throw new BadMessage(`the field ${name} of a message is not as it should be`);
  }

  private take(name: string): unknown {
    this.taken.add(name);
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
