/** The weights of a bundle as a file: constant after constant, so that cancelling is heard between them. */
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Bundle } from '../bundle/bundle.ts';
import { writeWeights } from '../bundle/weights.ts';
import type { ModelSource } from '../onnx/source.ts';

/**
 * @param checkpoint awaited before each constant with the share that is done; may throw to cancel.
 * Throws ModelError where a constant cannot be read.
 */
export async function packWeights(
  { constants = [], buffers, weightBytes }: Bundle,
  source: ModelSource,
  path: string,
  checkpoint: (done: number) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const file = await open(path, 'w');
  try {
    // What no constant covers is zero.
    await file.truncate(weightBytes);
    for (const [i, constant] of constants.entries()) {
      await checkpoint(i / constants.length);
      const { offset, bytes } = buffers[constant.buffer]!;
      const alone = buffers.slice();
      alone[constant.buffer] = { ...buffers[constant.buffer]!, offset: 0 };
      let at = offset;
      writeWeights(
        { buffers: alone, constants: [constant], weightBytes: bytes },
        source,
        (chunk) => {
          for (let done = 0; done < chunk.length;) {
            done += writeSync(file.fd, chunk, done, chunk.length - done, at + done);
          }
          at += chunk.length;
        },
      );
    }
  } finally {
    await file.close();
  }
}
