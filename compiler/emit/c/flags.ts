/**
 * Flags that every emitted kernel is compiled with, on gcc >= 10 and clang >= 12; a target adds its own. Never
 * -ffast-math: rounding by adding a large number, NaN and infinities would break.
 */
export const C_FLAGS = [
  '-std=gnu11',
  '-O3',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-fno-trapping-math',
  // Vectors wider than a register are passed between inlined functions only.
  '-Wno-psabi',
] as const;
