// The layout worker without the worker: requests in, answers out, the newest generation wins. A running
// job stops between two steps as soon as a newer request or a cancellation has arrived.

import { layoutSteps } from './layout.ts';
import type { LayoutAnswer, LayoutRequest } from './messages.ts';
import { relayoutSteps } from './relayout.ts';
import type { LayoutResult } from './types.ts';

type Job = Exclude<LayoutRequest, { type: 'cancel' }>;

export interface ServicePorts {
  answer: (answer: LayoutAnswer) => void;
  /** Resolves after waiting messages were delivered. */
  breathe: () => Promise<void>;
  /** Milliseconds, for deciding when to breathe. */
  now: () => number;
}

/** Longest stretch of work between two looks at the messages. */
const stretch = 12;

/** Returns the function that takes requests. It never throws. */
export function createLayoutService({
  answer,
  breathe,
  now,
}: ServicePorts): (request: LayoutRequest) => void {
  /** Jobs up to this generation are given up. */
  let dropped = -Infinity;
  let waiting: Job | undefined;
  let running = false;

  const run = async (job: Job): Promise<LayoutAnswer> => {
    const { generation } = job;
    try {
      const steps = start(job);
      let resumed = now();
      for (;;) {
        const step = steps.next();
        if (step.done) return { type: 'done', generation, result: step.value };
        if (now() - resumed < stretch) continue;
        await breathe();
        if (generation <= dropped) return { type: 'cancelled', generation };
        resumed = now();
      }
    } catch (error) {
      return { type: 'failed', generation, message: String(error) };
    }
  };
  const work = async (): Promise<void> => {
    running = true;
    // Messages that already wait may make this job needless.
    await breathe();
    while (waiting) {
      const job = waiting;
      waiting = undefined;
      const { generation } = job;
      answer(generation <= dropped ? { type: 'cancelled', generation } : await run(job));
    }
    running = false;
  };

  return (request) => {
    if (request.type === 'cancel') {
      dropped = Math.max(dropped, request.generation);
      return;
    }
    if (waiting) answer({ type: 'cancelled', generation: waiting.generation });
    dropped = Math.max(dropped, request.generation - 1);
    waiting = request;
    if (!running) void work();
  };
}

function start(job: Job): Generator<void, LayoutResult> {
  return job.type === 'layout'
    ? layoutSteps(job.input)
    : relayoutSteps(job.previous, job.input, job.names);
}
