/**
 * Mapping type of a block. Table 3's results do not depend on the order in which operators joined, so the
 * type follows from the members alone; planners that grow blocks use the cell results, which agree.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { combine } from '../mapping/mappingTypes.ts';

/** @param operators operator indices in topological order, at least one. */
export function blockMapping(ecg: Ecg, operators: readonly number[]): MappingType {
  const [first, ...rest] = operators.map((operator) => ecg.nodes[operator]!.mapping);
  return rest.reduce((type, next) => combine(type, next).result, first!);
}
