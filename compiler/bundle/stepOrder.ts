/**
 * In which order the steps of a bundle run, so that little memory is needed: what is made long before it is read lies
 * in memory meanwhile. Several ways of list scheduling over the dependencies; the order of the plan stays unless
 * another one has a lower peak. Deterministic.
 */

export interface StepMemory {
  /** Steps that come before it. */
  readonly after: readonly number[];
  /** Values that it reads, each once; constants are not among them. */
  readonly reads: readonly number[];
  readonly writes: readonly { readonly value: number; readonly bytes: number }[];
  /** Bytes of its own, while it runs. */
  readonly scratchBytes: number;
}

export interface OrderRequest {
  readonly steps: readonly StepMemory[];
  /** Values that are there before the first step. */
  readonly inputs: readonly { readonly value: number; readonly bytes: number }[];
  /** Values that live to the end. */
  readonly outputs: ReadonlySet<number>;
}

/** What another order has to save, as a share of the peak: neighbours in the plan find their data in caches. */
const WORTH_IT = 0.99;

/** Indices of the steps. */
export function stepOrder(request: OrderRequest): readonly number[] {
  const plan = request.steps.map((_, step) => step);
  const search = new OrderSearch(request);
  const planned = search.peakOf(plan);
  let [best, peak] = [plan as readonly number[], planned * WORTH_IT];
  for (const order of search.candidates()) {
    const own = search.peakOf(order);
    if (own < peak) [best, peak] = [order, own];
  }
  return best;
}

class OrderSearch {
  private readonly bytes = new Map<number, number>();
  private readonly readers = new Map<number, number[]>();
  private readonly followers: readonly number[][];

  constructor(private readonly request: OrderRequest) {
    const { steps, inputs } = request;
    this.followers = steps.map((): number[] => []);
    for (const { value, bytes } of inputs) this.bytes.set(value, bytes);
    steps.forEach(({ after, reads, writes }, step) => {
      for (const { value, bytes } of writes) this.bytes.set(value, bytes);
      for (const before of new Set(after)) this.followers[before]!.push(step);
      for (const value of reads) {
        const known = this.readers.get(value);
        if (known === undefined) this.readers.set(value, [step]);
        else known.push(step);
      }
    });
  }

  candidates(): readonly (readonly number[])[] {
    const late = this.late();
    return [this.forwards(), this.backwards(), late];
  }

  /** Largest sum of what lives at one time. */
  peakOf(order: readonly number[]): number {
    const left = new Map([...this.readers].map(([value, steps]) => [value, steps.length]));
    let live = this.request.inputs.reduce((sum, { bytes }) => sum + bytes, 0);
    let peak = live;
    for (const step of order) {
      const { reads, writes, scratchBytes } = this.request.steps[step]!;
      for (const { bytes } of writes) live += bytes;
      peak = Math.max(peak, live + scratchBytes);
      for (const { value, bytes } of writes) if (!this.isRead(value)) live -= bytes;
      for (const value of reads) {
        const readers = left.get(value)! - 1;
        left.set(value, readers);
        if (readers === 0 && !this.request.outputs.has(value)) live -= this.bytes.get(value) ?? 0;
      }
    }
    return peak;
  }

  private isRead(value: number): boolean {
    return this.request.outputs.has(value) || this.readers.has(value);
  }

  /** At each time the step that leaves the least behind; of equals the first of the plan. */
  private forwards(): readonly number[] {
    const { steps, outputs } = this.request;
    const left = new Map([...this.readers].map(([value, readers]) => [value, readers.length]));
    const change = (step: number): number => {
      let bytes = 0;
      for (const write of steps[step]!.writes) if (this.isRead(write.value)) bytes += write.bytes;
      for (const value of steps[step]!.reads) {
        if (left.get(value) === 1 && !outputs.has(value)) bytes -= this.bytes.get(value) ?? 0;
      }
      return bytes;
    };
    const waiting = steps.map(({ after }) => new Set(after).size);
    return pick(waiting, this.followers, change, (step) => {
      for (const value of steps[step]!.reads) left.set(value, left.get(value)! - 1);
    });
  }

  /** From the last step to the first: each time the one before which the least has to be there. */
  private backwards(): readonly number[] {
    const { steps, outputs } = this.request;
    const live = new Set(outputs);
    const change = (step: number): number => {
      let bytes = 0;
      for (const { value, bytes: own } of steps[step]!.writes) if (live.has(value)) bytes -= own;
      for (const value of steps[step]!.reads) {
        if (!live.has(value)) bytes += this.bytes.get(value) ?? 0;
      }
      return bytes;
    };
    const waiting = this.followers.map(({ length }) => length);
    const before = steps.map(({ after }) => [...new Set(after)]);
    const last = steps.length - 1;
    const mirrored = (step: number): number => last - step;
    // The plan's last steps are the first here.
    const turn = <T>(list: readonly T[]): T[] => [...list].reverse();
    const order = pick(
      turn(waiting),
      turn(before).map((list) => list.map(mirrored)),
      (step) => change(mirrored(step)),
      (step) => {
        const { reads, writes } = steps[mirrored(step)]!;
        for (const { value } of writes) live.delete(value);
        for (const value of reads) live.add(value);
      },
    );
    return turn(order.map(mirrored));
  }

  /** The plan's order, but steps that leave more than they take away run just before what needs them. */
  private late(): readonly number[] {
    const { steps, outputs } = this.request;
    const order: number[] = [];
    const place = new Map<number, number>();
    // Later steps are placed first: those that are moved stand right before their first follower.
    for (let step = steps.length - 1; step >= 0; step--) {
      const { reads, writes } = steps[step]!;
      const made = writes.reduce((sum, { bytes }) => sum + bytes, 0);
      const freed = reads.reduce((sum, value) => {
        const isLast = this.readers.get(value)!.every((reader) => reader <= step);
        return isLast && !outputs.has(value) ? sum + (this.bytes.get(value) ?? 0) : sum;
      }, 0);
      const followers = this.followers[step]!;
      if (made <= freed || followers.length === 0) {
        place.set(step, step);
        continue;
      }
      const first = followers.reduce(
        (least, follower) => Math.min(least, place.get(follower)!),
        Infinity,
      );
      place.set(step, first - 2 ** -20 * (steps.length - step));
    }
    for (let step = 0; step < steps.length; step++) order.push(step);
    return this.sorted(order, place);
  }

  /** By place, as far as dependencies allow. */
  private sorted(order: readonly number[], place: ReadonlyMap<number, number>): readonly number[] {
    const waiting = this.request.steps.map(({ after }) => new Set(after).size);
    const ranked = [...order].sort((a, b) => place.get(a)! - place.get(b)! || a - b);
    const rank = new Map(ranked.map((step, at) => [step, at]));
    return pick(
      waiting,
      this.followers,
      (step) => rank.get(step)!,
      () => undefined,
    );
  }
}

/** Topological order: of the steps that wait for nothing the one with the least cost, of equals the first. */
function pick(
  waitingFor: readonly number[],
  followers: readonly (readonly number[])[],
  cost: (step: number) => number,
  done: (step: number) => void,
): readonly number[] {
  const waiting = [...waitingFor];
  const ready = waiting.flatMap((count, step) => (count === 0 ? [step] : []));
  const order: number[] = [];
  while (ready.length > 0) {
    let [at, least] = [0, Infinity];
    ready.forEach((step, i) => {
      const own = cost(step);
      if (own < least || (own === least && step < ready[at]!)) [at, least] = [i, own];
    });
    const [step] = ready.splice(at, 1) as [number];
    order.push(step);
    done(step);
    for (const follower of followers[step]!) if (--waiting[follower]! === 0) ready.push(follower);
  }
  if (order.length !== waiting.length) throw new Error('steps wait for each other');
  return order;
}
