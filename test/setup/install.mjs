// Installs npm packages only when they are missing or differ from the lock file, so that a second run
// costs nothing and a developer's node_modules is not thrown away without need. Node built-ins only.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';

/**
 * Runs `npm ci` in a folder when its node_modules does not hold what package-lock.json asks for.
 *
 * @param {string} folder absolute path of a folder with a package-lock.json
 * @param {Record<string, string>} [env] variables for the install scripts
 * @returns {Promise<boolean>} whether everything is installed
 */
export async function ensureInstalled(folder, env = {}) {
  if (isInstalled(folder)) return true;
  const status = await runCommand('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    env,
  });
  return status === 0;
}

/**
 * npm notes what it installed in node_modules/.package-lock.json. Optional packages may be absent (other
 * platforms), everything else has to be there in the locked version.
 *
 * @param {string} folder
 */
export function isInstalled(folder) {
  const noted = join(folder, 'node_modules/.package-lock.json');
  if (!existsSync(noted)) return false;
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const present = packagesOf(noted);
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  );
}

/** @returns {Record<string, { version?: string, optional?: boolean }>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}
