/**
 * Mapping types (DNNFusion section 3.1, Table 2) and their combination (section 3.2, Table 3).
 * `opaque` extends the paper: an operator in no row, with which nothing fuses.
 */

/** In order of complexity; an operator with inputs of different types takes the most complex one. */
export const MAPPING_TYPES = [
  'one-to-one',
  'reorganize',
  'shuffle',
  'one-to-many',
  'many-to-many',
  'opaque',
] as const;

export type MappingType = (typeof MAPPING_TYPES)[number];

export const MAPPING_TYPE_NAMES: Readonly<Record<MappingType, string>> = {
  'one-to-one': 'One-to-One',
  reorganize: 'Reorganize',
  shuffle: 'Shuffle',
  'one-to-many': 'One-to-Many',
  'many-to-many': 'Many-to-Many',
  opaque: 'Opaque',
};

export function maxMappingType(types: Iterable<MappingType>): MappingType {
  let best = 0;
  for (const type of types) best = Math.max(best, MAPPING_TYPES.indexOf(type));
  return MAPPING_TYPES[best] as MappingType;
}

/** green: legal and profitable; yellow: legal, profile decides; red: not fused. */
export type Colour = 'green' | 'yellow' | 'red';

export interface Combination {
  readonly colour: Colour;
  /** Mapping type of the fused operator; for red pairs, what it would be if the user insists. */
  readonly result: MappingType;
}

type Fusable = Exclude<MappingType, 'opaque'>;

const G = (result: Fusable): Combination => ({ colour: 'green', result });
const Y = (result: Fusable): Combination => ({ colour: 'yellow', result });
const R = (result: MappingType): Combination => ({ colour: 'red', result });

/** Table 3: row = first (producer), column = second (consumer). 13 green, 10 yellow, 2 red. */
export const COMBINATIONS: Readonly<Record<Fusable, Readonly<Record<Fusable, Combination>>>> = {
  'one-to-one': {
    'one-to-one': G('one-to-one'),
    'one-to-many': G('one-to-many'),
    'many-to-many': G('many-to-many'),
    reorganize: G('reorganize'),
    shuffle: G('shuffle'),
  },
  'one-to-many': {
    'one-to-one': G('one-to-many'),
    'one-to-many': Y('one-to-many'),
    'many-to-many': R('many-to-many'),
    reorganize: Y('one-to-many'),
    shuffle: Y('one-to-many'),
  },
  'many-to-many': {
    'one-to-one': G('many-to-many'),
    'one-to-many': Y('many-to-many'),
    'many-to-many': R('many-to-many'),
    reorganize: Y('many-to-many'),
    shuffle: Y('many-to-many'),
  },
  reorganize: {
    'one-to-one': G('reorganize'),
    'one-to-many': Y('one-to-many'),
    'many-to-many': Y('many-to-many'),
    reorganize: G('reorganize'),
    shuffle: G('reorganize'),
  },
  shuffle: {
    'one-to-one': G('shuffle'),
    'one-to-many': Y('one-to-many'),
    'many-to-many': Y('many-to-many'),
    reorganize: G('reorganize'),
    shuffle: G('shuffle'),
  },
};

/** Table 3 extended by `opaque`: every pair with it is red. */
export function combine(first: MappingType, second: MappingType): Combination {
  if (first === 'opaque' || second === 'opaque') return R('opaque');
  return COMBINATIONS[first][second];
}
