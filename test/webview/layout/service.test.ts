// The worker's protocol: one answer per request, the newest generation wins, cancelled jobs stop.

import { describe, expect, it } from 'vitest';

import { layout } from '../../../webview/layout/layout.ts';
import type { LayoutAnswer, LayoutRequest } from '../../../webview/layout/messages.ts';
import { createLayoutService } from '../../../webview/layout/service.ts';
import type { LayoutInput } from '../../../webview/layout/types.ts';
import { syntheticNetwork, toInput } from './graphs.ts';

const small = toInput(syntheticNetwork(60));
const large = toInput(syntheticNetwork(2000));

/** A service whose clock always says that it is time to breathe. */
function start() {
  const answers: LayoutAnswer[] = [];
  let time = 0;
  let breaths = 0;
  const service = {
    answers,
    breaths: () => breaths,
    handle: createLayoutService({
      answer: (answer) => answers.push(answer),
      breathe: () => {
        breaths++;
        return new Promise((resolve) => setImmediate(resolve));
      },
      now: () => (time += 100),
    }),
    settled: async (count: number): Promise<void> => {
      while (answers.length < count) await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return service;
}

const request = (generation: number, input: LayoutInput): LayoutRequest => ({
  type: 'layout',
  generation,
  input,
});

describe('layout service', () => {
  it('answers with what layout() returns', async () => {
    const service = start();
    service.handle(request(1, small));
    await service.settled(1);
    const [answer] = service.answers;
    const { ms: _, ...expected } = layout(small);
    expect(answer).toMatchObject({ type: 'done', generation: 1, result: expected });
  });

  it('drops waiting requests that a newer one overtakes', async () => {
    const service = start();
    for (const generation of [1, 2, 3]) service.handle(request(generation, small));
    await service.settled(3);
    expect(service.answers.map((a) => [a.generation, a.type])).toEqual([
      [1, 'cancelled'],
      [2, 'cancelled'],
      [3, 'done'],
    ]);
  });

  it('stops a running job when it is cancelled', async () => {
    const service = start();
    service.handle(request(1, large));
    while (service.breaths() < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(service.answers).toEqual([]);
    service.handle({ type: 'cancel', generation: 1 });
    await service.settled(1);
    expect(service.answers).toEqual([{ type: 'cancelled', generation: 1 }]);
  });

  it('stops a running job for a newer request, and does that one', async () => {
    const service = start();
    service.handle(request(1, large));
    while (service.breaths() < 3) await new Promise((resolve) => setImmediate(resolve));
    service.handle(request(2, small));
    await service.settled(2);
    expect(service.answers.map((a) => [a.generation, a.type])).toEqual([
      [1, 'cancelled'],
      [2, 'done'],
    ]);
  });

  it('keeps answering after a failure', async () => {
    const service = start();
    const broken = { ...small, edges: undefined } as unknown as LayoutInput;
    service.handle(request(1, broken));
    await service.settled(1);
    expect(service.answers[0]).toMatchObject({ type: 'failed', generation: 1 });
    service.handle(request(2, small));
    await service.settled(2);
    expect(service.answers[1]).toMatchObject({ type: 'done', generation: 2 });
  });
});
