/**
 * Follows one runner process: reads its lines as they come, checks them, and gives what it measured. Nonsense, a death
 * without a reason, a deadline and cancelling end the process and become one clear error.
 */
import { BadMessage, MOST_LINE_BYTES, parseRunnerMessage } from './parseRunnerMessage.ts';
import type { RunnerLimits } from './parseRunnerMessage.ts';
import { ended } from './process.ts';
import type { FollowedProcess, ProcessEnd } from './process.ts';
import { RunFailure } from './runFailure.ts';
import type { RunnerMessage } from './runProtocol.ts';

type MessageOf<Kind extends RunnerMessage['kind']> = Extract<RunnerMessage, { kind: Kind }>;

/** Nanoseconds and bytes. */
export interface RunnerResults {
  readonly hello: MessageOf<'hello'>;
  readonly first: number;
  readonly total: readonly number[];
  /** Of the second of two plans that were compared. */
  readonly second: { readonly first: number; readonly total: readonly number[] };
  /** By step; empty where it was not timed. */
  readonly blocks: readonly (readonly number[])[];
  /** By output. */
  readonly outputs: readonly MessageOf<'output'>[];
  readonly tensors: readonly MessageOf<'tensor'>[];
  /** Data-dependent sizes, by symbol. */
  readonly sizes: readonly number[];
  readonly peakBytes: number | null;
}

export interface FollowOptions {
  readonly limits: RunnerLimits;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What to do where the program finds no device; a sentence. */
  readonly advice?: string | undefined;
  /** Says in whose work the runner failed. */
  readonly blame: (
    step: number,
    check?: number,
  ) => { readonly block: number; readonly what: string };
}

const MOST_BYTES = 512 << 20;
const KEPT_STDERR = 8000;

/** Throws RunFailure, RunCancelled; the process has ended then. */
export async function followRunner(
  child: FollowedProcess,
  options: FollowOptions,
): Promise<RunnerResults> {
  const reader = new MessageReader(options.limits, () => child.kill('SIGKILL'));
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => reader.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR);
  });
  const end = await ended(child, options);
  return reader.finish(end, stderr, options);
}

class MessageReader {
  private rest = '';
  private bytes = 0;
  private bad: string | undefined;
  private error: MessageOf<'error'> | undefined;
  private isDone = false;
  private hello: MessageOf<'hello'> | undefined;
  private first = 0;
  private total: readonly number[] = [];
  private second = { first: 0, total: [] as readonly number[] };
  private readonly blocks: (readonly number[])[];
  private readonly outputs: MessageOf<'output'>[] = [];
  private readonly tensors: MessageOf<'tensor'>[] = [];
  private sizes: readonly number[] = [];
  private peakBytes: number | null = null;

  constructor(
    private readonly limits: RunnerLimits,
    private readonly stop: () => void,
  ) {
    this.blocks = Array.from({ length: limits.steps }, () => []);
  }

  push(text: string): void {
    if (this.bad !== undefined) return;
    this.bytes += text.length;
    this.rest += text;
    let start = 0;
    for (let end = this.rest.indexOf('\n'); end >= 0; end = this.rest.indexOf('\n', start)) {
      this.line(this.rest.slice(start, end));
      start = end + 1;
      if (this.bad !== undefined) return;
    }
    this.rest = this.rest.slice(start);
    if (this.rest.length > MOST_LINE_BYTES || this.bytes > MOST_BYTES) {
      this.refuse('it says too much');
    }
  }

  finish(end: ProcessEnd, stderr: string, options: FollowOptions): RunnerResults {
    const { limitMs } = options;
    const details = stderr.trim() === '' ? undefined : stderr;
    if (this.bad !== undefined) {
      throw new RunFailure('crashed', `The run was ended: ${this.bad}.`, details);
    }
    if (this.error !== undefined) throw failureOf(this.error, options, details);
    if (end.timedOut) {
      throw new RunFailure('limit', `The run was ended: it took longer than ${limitMs / 1000} s.`);
    }
    if (end.failure !== undefined) {
      throw new RunFailure('crashed', `The run could not be started: ${end.failure}.`);
    }
    const { hello } = this;
    if (!this.isDone || hello === undefined || this.outputs.length !== this.limits.outputs) {
      throw new RunFailure('crashed', `The run ${howItEnded(end)} before it was done.`, details);
    }
    // A sanitizer's finding, or memory that was damaged.
    if (end.status !== 0) {
      throw new RunFailure('crashed', `The run ${howItEnded(end)} after it was done.`, details);
    }
    const { first, total, second, blocks, outputs, tensors, sizes, peakBytes } = this;
    return { hello, first, total, second, blocks, outputs, tensors, sizes, peakBytes };
  }

  private line(line: string): void {
    if (line === '') return;
    try {
      this.message(parseRunnerMessage(line, this.limits));
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.refuse(error.message);
    }
  }

  private message(message: RunnerMessage): void {
    if (this.error !== undefined || this.isDone) return this.refuse('it goes on after its end');
    if (this.hello === undefined && message.kind !== 'hello' && message.kind !== 'error') {
      return this.refuse('it does not say hello');
    }
    switch (message.kind) {
      case 'hello':
        this.hello = message;
        return;
      case 'first':
        if (message.plan === 1) this.second = { ...this.second, first: message.nanoseconds };
        else this.first = message.nanoseconds;
        return;
      case 'total':
        if (message.plan === 1) this.second = { ...this.second, total: message.nanoseconds };
        else this.total = message.nanoseconds;
        return;
      case 'block':
        this.blocks[message.step] = message.nanoseconds;
        return;
      case 'output':
        if (message.index !== this.outputs.length) return this.refuse('outputs are out of order');
        this.outputs.push(message);
        return;
      case 'tensor':
        // Each buffer is given by one step.
        if (this.tensors.length >= this.limits.buffers) return this.refuse('it says too much');
        this.tensors.push(message);
        return;
      case 'sizes':
        this.sizes = message.values;
        return;
      case 'memory':
        this.peakBytes = message.peakBytes;
        return;
      case 'error':
        this.error = message;
        return;
      case 'done':
        this.isDone = true;
        return;
    }
  }

  private refuse(reason: string): void {
    this.bad = reason;
    this.rest = '';
    this.stop();
  }
}

function failureOf(
  { step, check, failure: said, message }: MessageOf<'error'>,
  { blame, advice = '' }: FollowOptions,
  details: string | undefined,
): RunFailure {
  if (said === 'unavailable') {
    const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
    return new RunFailure('unavailable', `${sentence} ${advice}`.trim(), details);
  }
  const isLimit = /time limit|not enough memory/.test(message);
  const failure = check !== undefined ? 'check' : isLimit ? 'limit' : 'crashed';
  if (step === undefined) return new RunFailure(failure, `The run failed: ${message}.`, details);
  const { block, what } = blame(step, check);
  const text = check !== undefined ? what : `The run failed in ${what}: ${message}.`;
  return new RunFailure(failure, text, details, block);
}

function howItEnded({ status, signal }: ProcessEnd): string {
  return signal === null ? `ended with status ${status}` : `was ended by ${signal}`;
}
