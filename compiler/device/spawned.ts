/**
 * Programs that are started with argument arrays, without anything on their standard input, with a deadline and a limit
 * on what they say.
 */
import { spawn } from 'node:child_process';
import { cancelled } from './errors.ts';

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Bytes of standard output; more is dropped, and said. Default 1 MiB. */
  readonly mostOutput?: number;
}

export interface Spawned {
  /** null: ended by a signal, or not started. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Why it did not start. */
  readonly failure?: string;
}

/** Throws DeviceError 'cancelled' once the program has ended. */
export async function runSpawned(
  program: string,
  args: readonly string[],
  { env, signal, timeoutMs, mostOutput = 1 << 20 }: SpawnOptions,
): Promise<Spawned> {
  if (signal?.aborted) throw cancelled();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(env ? { env } : {}),
  });
  const stdout = keep(child.stdout, mostOutput);
  const stderr = keep(child.stderr, 1 << 16);
  let timedOut = false;
  let exited: ReturnType<typeof setTimeout> | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener('abort', kill, { once: true });
  const end = await new Promise<{ status: number | null; failure?: string }>((resolve) => {
    child.once('error', ({ message }) => resolve({ status: null, failure: message }));
    child.once('close', (status) => resolve({ status }));
    // A server that it started may hold the pipes.
    child.once('exit', (status) => (exited = setTimeout(() => resolve({ status }), 500)));
  });
  clearTimeout(exited);
  clearTimeout(timer);
  signal?.removeEventListener('abort', kill);
  child.stdout.destroy();
  child.stderr.destroy();
  if (signal?.aborted) throw cancelled();
  return { ...end, stdout: stdout(), stderr: stderr(), timedOut };
}

function keep(stream: NodeJS.ReadableStream, most: number): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < most) chunks.push(chunk.subarray(0, most - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
