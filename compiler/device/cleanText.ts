/** Text of devices and foreign programs: shown to people, so bounded, on one line, and without what terminals obey. */

const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/g;

/** One line of at most `most` characters. */
export function cleanText(text: string, most: number): string {
  const line = text.replace(UNPRINTABLE, ' ').replace(/ {2,}/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
