/**
 * C comments from text that somebody else wrote (names of a model): one line each, printable ASCII, nothing that
 * ends a comment, starts one or changes how the line is read.
 */

const LONGEST = 96;

/** The text as the inside of a comment. */
export function commentText(text: string): string {
  const safe = text
    // Code points outside printable ASCII, newlines included, become one question mark.
    .replace(/[^\x20-\x7e]+/gu, '?')
    .replace(/\\/g, '/')
    .replace(/\*\/|\/\*/g, '* ')
    .replace(/\?\?+/g, '?')
    // What the replacements may have joined.
    .replace(/[*/]{2,}/g, '* ');
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST - 3)}...` : safe;
}

export function lineComment(text: string): string {
  return `/* ${commentText(text).replace(/\*+$/, '')} */`;
}

/** A comment for the top of a kernel: its operators and shapes. */
export function headerComment(lines: readonly string[]): string {
  return ['/*', ...lines.map((line) => ` * ${commentText(line)}`.trimEnd()), ' */'].join('\n');
}
