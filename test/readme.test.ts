/** The README's table of blocks is the golden one, so it cannot go stale. UPDATE_GOLDENS=1 writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const BEGIN = '<!-- models:begin -->\n';
const END = '<!-- models:end -->';

/** `models.txt` (verified by models.test.ts) as a Markdown table. */
function table(): string {
  const [header = '', ...rows] = readFileSync('test/compiler/fusion/goldens/models.txt', 'utf8')
    .trim()
    .split('\n');
  const cells = (line: string): string => `| ${line.trim().split(/\s+/).join(' | ')} |`;
  const columns = header.trim().split(/\s+/).length;
  const rule = `|---${'|--:'.repeat(columns - 2)}|---|`;
  return `\n${[cells(header), rule, ...rows.map(cells)].join('\n')}\n\n`;
}

test('the table of blocks in the README is the measured one', () => {
  const readme = readFileSync('README.md', 'utf8');
  const begin = readme.indexOf(BEGIN) + BEGIN.length;
  const end = readme.indexOf(END);
  if (process.env['UPDATE_GOLDENS'] === '1') {
    writeFileSync('README.md', readme.slice(0, begin) + table() + readme.slice(end));
    return;
  }
  expect(begin).toBeGreaterThan(BEGIN.length);
  expect(readme.slice(begin, end)).toBe(table());
});
