/** Numbers as short texts: counts, bytes, operations. */

const THOUSANDS = ['', ' K', ' M', ' G', ' T', ' P'];

/** 1234567 -> '1.23 M'. */
export function formatCount(value: number): string {
  return scaled(value, 1000, THOUSANDS);
}

export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB']);
}

export function formatFlops(flops: number): string {
  return `${scaled(
    flops,
    1000,
    THOUSANDS.map((unit) => unit || ' '),
  )}FLOPs`;
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

function scaled(value: number, step: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return '–';
  let unit = 0;
  while (Math.abs(value) >= step && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}
