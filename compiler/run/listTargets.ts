/** The places of this computer where models run, with what makes them impossible and what to do about it. */
import { placeName } from '../client/placeNames.ts';
import type { TargetChoice } from '../protocol.ts';
import { RunFailure } from './runFailure.ts';
import type { ToolchainOptions } from './toolchain.ts';
import { findToolchain } from './toolchain.ts';

export type ListOptions = Pick<ToolchainOptions, 'compiler' | 'untrusted' | 'signal'>;

export async function listTargets(options: ListOptions = {}): Promise<readonly TargetChoice[]> {
  const wasm: TargetChoice = {
    target: 'wasm',
    label: placeName('wasm'),
    detail: 'This computer; needs no other tool',
    available: true,
  };
  return [wasm, await nativeChoice(options)];
}

async function nativeChoice(options: ListOptions): Promise<TargetChoice> {
  const choice = { target: 'native', label: placeName('native') } as const;
  try {
    const { compiler, version } = await findToolchain(options);
    return { ...choice, detail: `This computer, ${version} (${compiler})`, available: true };
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    return { ...choice, detail: error.message, available: false };
  }
}
