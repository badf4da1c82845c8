/**
 * Text for terminals: numbers with prefixes, columns, and untrusted names made harmless.
 */

/** Model texts are untrusted: control and direction characters must not reach a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'];

/** `12345678` -> `12.3 M` (decimal prefixes; the unit follows). */
export function formatCount(value: number): string {
  if (value < 1000) return `${value.toFixed(0)} `;
  const power = Math.min(PREFIXES.length - 1, Math.floor(Math.log10(value) / 3));
  return `${(value / 1000 ** power).toPrecision(3)} ${PREFIXES[power]}`;
}

/** First row is the header; `numeric` columns are right-aligned. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  numeric: ReadonlySet<number>,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return numeric.has(column) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}

export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
