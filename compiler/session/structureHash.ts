/**
 * A fingerprint of a model's structure, stored in the sidecar: equal hashes mean equal operators and
 * edges, whatever the weights. Ids, types and edges go in; names of nodes and sizes do not.
 */
import { createHash } from 'node:crypto';
import type { Ecg } from '../ecg/ecg.ts';

/** 32 hexadecimal digits. */
export function structureHash(ecg: Ecg): string {
  const hash = createHash('sha256');
  for (const { operator } of ecg.nodes) {
    hash.update(JSON.stringify([operator.id, operator.domain, operator.type]));
  }
  for (const edge of ecg.edges) hash.update(`${edge.from}>${edge.to};`);
  return hash.digest('hex').slice(0, 32);
}
