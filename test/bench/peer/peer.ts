// ONNX Runtime in a process of its own, so that its memory and threads are not ours.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';

// A benchmark is bundled two folders below the root (dist/bench).
const root = resolve(import.meta.dirname, '../..');

export class Peer {
  private constructor(private readonly child: ChildProcess) {}

  static async open(
    engine: 'onnxruntime-node' | 'onnxruntime-web',
    model: string,
    threads: number,
    inputs: readonly (Tensor & { readonly name: string })[],
    optimise = true,
  ): Promise<Peer> {
    const child = fork(join(root, 'test/bench/peer/peerProcess.mjs'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const peer = new Peer(child);
    const web = engine === 'onnxruntime-web';
    const folder = dirname(model);
    const beside = readdirSync(folder).filter((name) => !name.endsWith('.onnx'));
    await peer.ask({
      engine,
      model,
      threads,
      inputs,
      optimise,
      ...(web ? { bytes: readFileSync(model) } : {}),
      ...(web
        ? { external: beside.map((path) => ({ path, data: readFileSync(join(folder, path)) })) }
        : {}),
    });
    return peer;
  }

  /** At most `most` inferences, at most `budgetMs` milliseconds of them: milliseconds of each. */
  repeat(most: number, budgetMs: number): Promise<{ times: number[]; peakBytes: number }> {
    return this.ask({ repeat: most, budgetMs }) as Promise<{ times: number[]; peakBytes: number }>;
  }

  close(): void {
    this.child.kill();
  }

  private ask(message: object): Promise<unknown> {
    return new Promise((settle, reject) => {
      const ended = (): void => reject(new Error('the peer process ended'));
      this.child.once('exit', ended);
      this.child.once('message', (answer: { failed?: string }) => {
        this.child.off('exit', ended);
        if (answer.failed === undefined) settle(answer);
        else reject(new Error(answer.failed));
      });
      this.child.send(message);
    });
  }
}
