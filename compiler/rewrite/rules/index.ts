/** All rules; where two save the same at the same place, the earlier one is applied. */
import type { Rule } from '../rule.ts';
import { ASSOCIATIVE } from './associative.ts';
import { COMMUTATIVE } from './commutative.ts';
import { CONVOLUTION } from './convolution.ts';
import { DISTRIBUTIVE } from './distributive.ts';
import { IDENTITIES } from './identities.ts';
import { MATRIX_PRODUCT } from './matrixProduct.ts';
import { MOVEMENT } from './movement.ts';
import { RECOGNISED } from './recognised.ts';

export const ALL_RULES: readonly Rule[] = [
  ...RECOGNISED,
  ...IDENTITIES,
  ...ASSOCIATIVE,
  ...DISTRIBUTIVE,
  ...COMMUTATIVE,
  ...CONVOLUTION,
  ...MATRIX_PRODUCT,
  ...MOVEMENT,
];
