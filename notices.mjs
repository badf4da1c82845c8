// The licences of what the bundles contain, gathered from the packages that esbuild really bundled: most of
// them ask that their notice travels with every copy.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The text of dist/THIRD-PARTY-NOTICES.txt.
 *
 * @param {string} root the repository's root folder
 * @param {{ inputs: Record<string, unknown> }[]} metafiles esbuild's, with paths relative to `root`
 * @returns {string} one section per package, sorted by name
 * @throws {Error} when a bundled package names no licence
 */
export function thirdPartyNotices(root, metafiles) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const path of Object.keys(inputs)) {
      const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
      if (folder) folders.add(folder);
    }
  }
  const sections = [...folders].map((folder) => sectionOf(join(root, folder)));
  return [...new Set(sections)].sort().join(`\n${'-'.repeat(80)}\n\n`);
}

function sectionOf(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { name, version, license } = manifest;
  if (!license) throw new Error(`${name} is bundled but names no licence`);
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(entry));
  // Some packages name their licence and author in package.json only.
  const author = manifest.author?.name ?? manifest.author ?? `the authors of ${name}`;
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Copyright (c) ${author}`;
  return `${name} ${version} (${license})\n\n${text.replaceAll('\r\n', '\n')}\n`;
}
