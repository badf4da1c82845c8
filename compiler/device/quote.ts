/** The one function that puts text into commands of a device's shell. */

/** A word that the shell takes as it is, whatever stands in it. Throws RangeError for text with NUL. */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold NUL');
  return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
