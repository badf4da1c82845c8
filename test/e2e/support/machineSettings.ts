// Settings of the machine (`"scope": "machine"`): a workspace cannot set them, so they are written where the workbench
// server keeps them. It watches the file, so windows that are open follow.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';

/** Every window of the server has these from now on. Answers what takes them back. */
export function setMachineSettings(settings: Readonly<Record<string, unknown>>): () => void {
  const folder = join(dirname(inject('endToEnd').scratch), 'user-data/Machine');
  const file = join(folder, 'settings.json');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(settings, null, 2));
  return () => rmSync(file, { force: true });
}
