/** Closes exhaustive switches: the compiler rejects a case that was forgotten. */
export function assertNever(value: never): never {
  throw new Error(`internal: unexpected ${String(value)}`);
}
