/** Folders whose files are run or linked: nobody else may have put them there. */
import { mkdir, stat } from 'node:fs/promises';
import { RunFailure } from './runFailure.ts';

/** Creates the folder where it is missing. Throws RunFailure when others own it or may write to it. */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(folder);
  const isOurs = process.getuid === undefined || (uid === process.getuid() && !(mode & 0o022));
  if (!isOurs) {
    throw new RunFailure(
      'unavailable',
      `Other users may write to ${folder}: remove it, or protect it.`,
    );
  }
}
