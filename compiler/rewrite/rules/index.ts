/** All rules; where two save the same at the same place, the earlier one is applied. */
import type { Rule } from '../rule.ts';
import { ASSOCIATIVE } from './associative.ts';
import { DISTRIBUTIVE } from './distributive.ts';
import { IDENTITIES } from './identities.ts';

export const ALL_RULES: readonly Rule[] = [...IDENTITIES, ...ASSOCIATIVE, ...DISTRIBUTIVE];
