// Entry of the layout web worker: connects the service to messages. No logic here.

import type { LayoutAnswer, LayoutRequest } from './messages.ts';
import { createLayoutService } from './service.ts';

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

const handle = createLayoutService({
  answer: (answer) => self.postMessage(answer, { transfer: buffersOf(answer) }),
  // A message to ourselves comes after those that already wait, without the delay of timers.
  breathe: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(undefined);
    }),
  now: () => performance.now(),
});
self.onmessage = (event: MessageEvent<LayoutRequest>) => handle(event.data);

function buffersOf(answer: LayoutAnswer): Transferable[] {
  if (answer.type !== 'done') return [];
  const { x, y, groupBox, edgeOffset, edgePoints, edgeTunnel } = answer.result;
  return [x, y, groupBox, edgeOffset, edgePoints, edgeTunnel].map((array) => array.buffer);
}
