/**
 * C sources of a bundle. A kernel's function is named by its own text, not by its number, so that the cache knows it again
 * when the plan changes around it.
 */
import { createHash } from 'node:crypto';
import type { Bundle } from '../bundle/bundle.ts';
import type { CKernel } from '../emit/c/emitKernel.ts';
import { emitCKernel, translationUnit } from '../emit/c/emitKernel.ts';
import { KERNEL_HEADER } from '../emit/c/kernelHeader.ts';
import type { NativeSources } from './buildNative.ts';

/** Stands for the name while the text is made; as long as a name. */
const PLACEHOLDER = `k_${'0'.repeat(20)}`;

export interface EmittedNative extends NativeSources {
  readonly emitted: readonly CKernel[];
}

/** Emits kernel after kernel; `checkpoint` is awaited between them and may throw to cancel. */
export async function emitNative(
  { kernels }: Pick<Bundle, 'kernels'>,
  checkpoint: () => Promise<void> = () => Promise.resolve(),
): Promise<EmittedNative> {
  const emitted: CKernel[] = [];
  const texts: string[] = [];
  const functions: string[] = [];
  for (const { phased } of kernels) {
    await checkpoint();
    const kernel = emitCKernel(PLACEHOLDER, phased.program);
    const text = translationUnit([kernel]);
    const name = `k_${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
    emitted.push(kernel);
    texts.push(text.replaceAll(PLACEHOLDER, name));
    functions.push(name);
  }
  return { header: KERNEL_HEADER, kernels: texts, functions, emitted };
}
