/**
 * Which blocks of two plans do the same work: a block of both, or the smallest groups of blocks that cover the same
 * operators. Rewritten operators are known by the operators of the file that they stand for.
 */

export interface PlanMembers {
  /** Of each block: the ids of its operators in the file. */
  readonly members: readonly (readonly string[])[];
}

export interface BlockGroup {
  /** Indices of blocks, ascending. */
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** In the order of their first block in `a`; groups that only `b` has come last. */
export function matchBlocks(a: PlanMembers, b: PlanMembers): readonly BlockGroup[] {
  const sets = new DisjointSets(a.members.length + b.members.length);
  const owner = new Map<string, number>();
  [...a.members, ...b.members].forEach((ids, block) => {
    for (const id of ids) {
      const other = owner.get(id);
      if (other === undefined) owner.set(id, block);
      else sets.join(other, block);
    }
  });
  const groups = new Map<number, { a: number[]; b: number[] }>();
  const groupOf = (block: number): { a: number[]; b: number[] } => {
    const root = sets.find(block);
    const group = groups.get(root) ?? { a: [], b: [] };
    groups.set(root, group);
    return group;
  };
  a.members.forEach((_, block) => groupOf(block).a.push(block));
  b.members.forEach((_, block) => groupOf(block + a.members.length).b.push(block));
  return [...groups.values()];
}

class DisjointSets {
  private readonly parents: number[];

  constructor(count: number) {
    this.parents = Array.from({ length: count }, (_, i) => i);
  }

  find(of: number): number {
    let root = of;
    while (this.parents[root] !== root) root = this.parents[root]!;
    for (let at = of; at !== root;) {
      const next = this.parents[at]!;
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  join(x: number, y: number): void {
    this.parents[this.find(y)] = this.find(x);
  }
}
