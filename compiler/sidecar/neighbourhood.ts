/**
 * Recognises an operator by what surrounds it when its name has changed: a hash over the operator types
 * within some radius, producers and consumers told apart (Weisfeiler-Leman colour refinement). Names and sizes do
 * not go in. A hash is only worth something where no other operator of the model has it, so repeated layers
 * take larger radii until the ends of the model are within reach.
 */
import type { GraphSnapshot } from '../protocol.ts';

/** What is compared of a model. A `GraphSnapshot` will do. */
export type OperatorGraph = Pick<GraphSnapshot, 'ids' | 'operatorTypes' | 'typeOf' | 'edges'>;

/** Tried in turn; the smallest one at which the hash is unique is recorded: it survives most changes. */
const RADII = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const;

export function operatorType(graph: OperatorGraph, operator: number): string {
  return graph.operatorTypes[graph.typeOf[operator] ?? -1] ?? '';
}

export class Neighbourhoods {
  /** One entry per round: hash of every operator. */
  private readonly rounds: Hashes[];
  /** Radius -> hash -> operator, or -1 where several have it. */
  private readonly owners = new Map<number, Map<string, number>>();
  /** Hash at the smallest radius -> operators, ascending. */
  private doublesOf: Map<string, number[]> | undefined;

  constructor(private readonly graph: OperatorGraph) {
    const types = graph.operatorTypes.map(
      (type) => [hashText(type, 0), hashText(type, 1)] as const,
    );
    const first = newHashes(graph.ids.length);
    for (let i = 0; i < graph.ids.length; i++) {
      const [low = 0, high = 0] = types[graph.typeOf[i] ?? -1] ?? [];
      first.low[i] = low;
      first.high[i] = high;
    }
    this.rounds = [first];
  }

  /** What to record of an operator: '<radius>:<16 hexadecimal digits>', or undefined if it has a double. */
  describe(operator: number): string | undefined {
    for (const radius of RADII) {
      const hash = this.hash(operator, radius);
      if (this.ownersAt(radius).get(hash) === operator) return `${radius}:${hash}`;
    }
    return undefined;
  }

  /** The only operator with this description, or -1. */
  find(near: string): number {
    const [, radius, hash] = /^(\d{1,2}):([0-9a-f]{16})$/.exec(near) ?? [];
    const known = RADII.find((candidate) => `${candidate}` === radius);
    if (known === undefined || hash === undefined) return -1;
    return this.ownersAt(known).get(hash) ?? -1;
  }

  /**
   * For an operator with doubles at the smallest radius: '<16 hexadecimal digits> <k>/<n>', its place among
   * them in topological order. Undefined where there are none: `describe` says enough then.
   */
  rank(operator: number): string | undefined {
    const hash = this.hash(operator, RADII[0]);
    const doubles = this.doubles().get(hash) ?? [];
    if (doubles.length < 2) return undefined;
    return `${hash} ${doubles.indexOf(operator) + 1}/${doubles.length}`;
  }

  /** The operator with this rank, or -1: also when the number of doubles is another one now. */
  findRank(rank: string): number {
    const [, hash = '', place, count] = /^([0-9a-f]{16}) (\d{1,9})\/(\d{1,9})$/.exec(rank) ?? [];
    const doubles = this.doubles().get(hash) ?? [];
    return doubles.length === Number(count) ? (doubles[Number(place) - 1] ?? -1) : -1;
  }

  private doubles(): Map<string, number[]> {
    if (!this.doublesOf) {
      this.doublesOf = new Map();
      for (let i = 0; i < this.graph.ids.length; i++) {
        const hash = this.hash(i, RADII[0]);
        const doubles = this.doublesOf.get(hash);
        if (doubles) doubles.push(i);
        else this.doublesOf.set(hash, [i]);
      }
    }
    return this.doublesOf;
  }

  private ownersAt(radius: number): Map<string, number> {
    let owners = this.owners.get(radius);
    if (!owners) {
      owners = new Map();
      for (let i = 0; i < this.graph.ids.length; i++) {
        const hash = this.hash(i, radius);
        owners.set(hash, owners.has(hash) ? -1 : i);
      }
      this.owners.set(radius, owners);
    }
    return owners;
  }

  private hash(operator: number, radius: number): string {
    while (this.rounds.length <= radius) this.rounds.push(this.refine(this.rounds.at(-1)!));
    const { low, high } = this.rounds[radius]!;
    return hex(high[operator] ?? 0) + hex(low[operator] ?? 0);
  }

  /** One step further out. Sums, so that the order of edges does not matter. */
  private refine(last: Hashes): Hashes {
    const { edges } = this.graph;
    const next = newHashes(last.low.length);
    for (const lane of ['low', 'high'] as const) {
      const before = last[lane];
      const after = next[lane];
      for (let i = 0; i < before.length; i++) after[i] = mix(before[i]!, 0x9e3779b9);
      for (let e = 0; e + 1 < edges.length; e += 2) {
        const from = edges[e]!;
        const to = edges[e + 1]!;
        after[to] = after[to]! + mix(before[from]!, 0x85ebca6b);
        after[from] = after[from]! + mix(before[to]!, 0xc2b2ae35);
      }
      for (let i = 0; i < after.length; i++) after[i] = mix(after[i]!, 0x27d4eb2f);
    }
    return next;
  }
}

interface Hashes {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

function newHashes(length: number): Hashes {
  return { low: new Uint32Array(length), high: new Uint32Array(length) };
}

/** FNV-1a over UTF-16 units, two lanes by different starts. */
function hashText(text: string, lane: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(lane, 0x5bd1e995);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash, lane);
}

/** The finaliser of MurmurHash3 with a salt. */
function mix(value: number, salt: number): number {
  let h = (value ^ salt) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
