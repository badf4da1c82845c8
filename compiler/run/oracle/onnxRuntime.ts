/**
 * Expected outputs from ONNX Runtime, where the user has it: in the folder that the setting names, or beside this
 * program. It is never looked up in a workspace.
 */
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import type { Tensor } from '../../tensor/tensor.ts';
import { makeTensor } from '../../tensor/tensor.ts';
import { cleanEnvironment, ended } from '../process.ts';
import type { OracleAnswer, OracleRequest } from './oracleMessages.ts';

/**
 * Absolute path of the runtime's entry, or undefined.
 * @param folder of the package or of whoever installed it, as the user's setting says
 * @param beside a file of this program
 */
export function findOnnxRuntime(folder: string | undefined, beside: string): string | undefined {
  if (folder !== undefined) {
    if (!isAbsolute(folder)) return undefined;
    return resolveFrom(join(folder, 'index.js'), '.') ?? resolveFrom(join(folder, 'index.js'));
  }
  return resolveFrom(beside);
}

function resolveFrom(file: string, name = 'onnxruntime-node'): string | undefined {
  try {
    const require = createRequire(file);
    if (name !== '.') return require.resolve(name);
    const { name: found } = require('./package.json') as { readonly name?: unknown };
    return found === 'onnxruntime-node' ? require.resolve('./') : undefined;
  } catch {
    return undefined;
  }
}

export interface OracleOptions extends OracleRequest {
  /** Absolute path of the bundled `runWorker`. */
  readonly script: string;
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The outputs, or why there are none. Throws RunCancelled. */
export async function askOnnxRuntime(options: OracleOptions): Promise<readonly Tensor[] | string> {
  const { script, signal, limitMs, ...request } = options;
  const child = fork(script, ['oracle'], {
    serialization: 'advanced',
    execArgv: [],
    env: cleanEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let answer: OracleAnswer | undefined;
  child.on('message', (message) => (answer = message as OracleAnswer));
  child.send(request satisfies OracleRequest, () => undefined);
  const { signal: by, status, timedOut } = await ended(child, { signal, limitMs });
  if (answer?.kind === 'outputs') {
    // What came through the channel starts anywhere in memory.
    return answer.outputs.map(({ dtype, dims, bytes }) => makeTensor(dtype, dims, bytes));
  }
  if (answer?.kind === 'failed') return `ONNX Runtime says: ${answer.message.slice(0, 500)}`;
  if (timedOut) return `ONNX Runtime took longer than ${limitMs / 1000} s`;
  return `ONNX Runtime's process ended (${by ?? `status ${status}`})`;
}
