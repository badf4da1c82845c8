/**
 * erf in double precision: its Maclaurin series near zero, the continued fraction of erfc elsewhere. Written
 * for exactness, not speed: the interpreter's reference for Erf and Gelu.
 */

export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  if (magnitude > 6) return Math.sign(x);
  return magnitude < 2.5 ? series(x) : Math.sign(x) * (1 - complement(magnitude));
}

/** 2/sqrt(pi) * sum of (-1)^n x^(2n+1) / (n! (2n+1)), in the form without cancellation. */
function series(x: number): number {
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * square) / (2 * n + 1);
    const next = sum + term;
    if (next === sum) break;
    sum = next;
  }
  return ((2 * sum) / Math.sqrt(Math.PI)) * Math.exp(-square);
}

/** exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/ ...))), for x >= 2.5. */
function complement(x: number): number {
  let fraction = x;
  for (let n = 120; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
