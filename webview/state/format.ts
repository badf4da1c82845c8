/** Numbers as short texts: counts, bytes, operations. */

const THOUSANDS = ['', ' K', ' M', ' G', ' T', ' P'];

/** 1234567 -> '1.23 M'. */
export function formatCount(value: number): string {
  return scaled(value, THOUSANDS);
}

/** Decimal, as the planner's sentences and the command line have them: '1.02 kB'. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [' B', ' kB', ' MB', ' GB', ' TB', ' PB']);
}

export function formatFlops(flops: number): string {
  const units = THOUSANDS.map((unit) => unit || ' ');
  return `${scaled(flops, units)}FLOPs`;
}

/** '12,345'. */
export function formatInteger(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–';
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

/** Four significant digits, exponents for the very small and large. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

function scaled(value: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return '–';
  let unit = 0;
  // What rounds to a thousand has the next unit.
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}
