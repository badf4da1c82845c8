// Items grouped by an integer key in two typed arrays (compressed rows): the edges of every node, the
// nodes of every layer. Grouping is stable, which keeps the whole layout deterministic.

/** The items of key k are item[start[k] .. start[k+1]). */
export interface Adjacency {
  start: Int32Array;
  item: Int32Array;
}

/** Groups items 0..length-1 by `key`; items with skip[i] = 1 are left out. Keys are 0..keyCount-1. */
export function groupByKey(
  keyCount: number,
  key: Int32Array,
  length: number,
  skip?: Uint8Array,
): Adjacency {
  const start = new Int32Array(keyCount + 1);
  for (let i = 0; i < length; i++) if (!skip || skip[i] === 0) start[key[i]! + 1]!++;
  for (let k = 0; k < keyCount; k++) start[k + 1]! += start[k]!;
  const item = new Int32Array(start[keyCount]!);
  // Filling moves start[k] to the end of group k; shifting by one afterwards restores it.
  for (let i = 0; i < length; i++) if (!skip || skip[i] === 0) item[start[key[i]!]!++] = i;
  for (let k = keyCount; k > 0; k--) start[k] = start[k - 1]!;
  start[0] = 0;
  return { start, item };
}
