/** Arguments of a run, the same for every runner: files and numbers. */
import { parseArgs } from 'node:util';

export interface RunnerFiles {
  readonly weights: string;
  readonly inputs: string;
  readonly outputs: string;
  readonly dump?: string;
}

export interface RunnerOptions {
  readonly threads: number;
  readonly warmup: number;
  readonly runs: number;
  /** A series ends after this time, but not before three repetitions. 0: no limit. */
  readonly budgetMs: number;
  readonly limitSeconds: number;
  /** Two plans in one program: `runs` pairs, alternating. */
  readonly compare?: CompareSplit | undefined;
}

/** What of the steps, inputs and outputs belongs to the first plan; the rest is the second's. */
export interface CompareSplit {
  /** 1 or more. */
  readonly steps: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** For a runner's command line. */
export function runnerArguments(files: RunnerFiles, options: RunnerOptions): readonly string[] {
  const { weights, inputs, outputs, dump } = files;
  const { compare } = options;
  return [
    ...['--weights', weights, '--inputs', inputs, '--outputs', outputs],
    ...(dump === undefined ? [] : ['--dump', dump]),
    ...['--threads', String(options.threads), '--warmup', String(options.warmup)],
    ...['--runs', String(options.runs), '--budget-ms', String(options.budgetMs)],
    ...['--limit-seconds', String(options.limitSeconds)],
    ...(compare === undefined
      ? []
      : [
          ...['--second-step', String(compare.steps)],
          ...['--second-input', String(compare.inputs)],
          ...['--second-output', String(compare.outputs)],
        ]),
  ];
}

/** The reverse. Throws Error when something is missing. */
export function readRunnerArguments(args: readonly string[]): RunnerFiles & RunnerOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      weights: text,
      inputs: text,
      outputs: text,
      dump: text,
      threads: text,
      warmup: text,
      runs: text,
      'budget-ms': text,
      'limit-seconds': text,
      'second-step': text,
      'second-input': text,
      'second-output': text,
    },
  });
  const number = (value: string | undefined, most: number): number => {
    const read = Number(value ?? 0);
    if (!Number.isSafeInteger(read) || read < 0 || read > most) {
      throw new Error('an argument is not a number in range');
    }
    return read;
  };
  const { weights, inputs, outputs, dump } = values;
  if (weights === undefined || inputs === undefined || outputs === undefined) {
    throw new Error('--weights, --inputs and --outputs name files');
  }
  const secondStep = number(values['second-step'], 1 << 30);
  const compare = {
    steps: secondStep,
    inputs: number(values['second-input'], 1 << 30),
    outputs: number(values['second-output'], 1 << 30),
  };
  return {
    weights,
    inputs,
    outputs,
    ...(dump === undefined ? {} : { dump }),
    threads: Math.max(1, number(values.threads, 256)),
    warmup: number(values.warmup, 100_000),
    runs: number(values.runs, 100_000),
    budgetMs: number(values['budget-ms'], 86_400_000),
    limitSeconds: number(values['limit-seconds'], 86_400),
    ...(secondStep > 0 ? { compare } : {}),
  };
}
