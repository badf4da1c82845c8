/**
 * Threads that share the iterations of one phase, over shared memory: the WebAssembly twin of `fusion_pool.c`. Threads
 * spin for about a millisecond before they wait: a thread that is woken by the engine costs tens of microseconds and
 * tends to land on the waker's core.
 */
/** Int32 slots of the control block. */
const ROUND = 0;
const PENDING = 1;
const SLEEPERS = 2;
const CALLER_WAITS = 3;
const KERNEL = 4;
const PHASE = 5;
const STEP = 6;
const EXTENT = 7;
/** One slot a thread, cache lines apart. */
const FAILURES = 16;
const SLOTS_PER_THREAD = 32;

const SPIN_MS = 1;
const SPINS_PER_LOOK = 200;

/** A trap of the module; checks that failed are above 0. */
export const TRAPPED = -1;

export type PhaseCall = (
  thread: number,
  step: number,
  kernel: number,
  phase: number,
  begin: number,
  end: number,
) => number;

export class ThreadControl {
  private readonly slots: Int32Array;

  constructor(
    readonly memory: SharedArrayBuffer,
    readonly threads: number,
  ) {
    this.slots = new Int32Array(memory);
  }

  static create(threads: number): ThreadControl {
    const bytes = 4 * (FAILURES + SLOTS_PER_THREAD * (threads + 1));
    return new ThreadControl(new SharedArrayBuffer(bytes), threads);
  }

  /** Where the run is, for whoever reports that it ended there. */
  get step(): number {
    return Atomics.load(this.slots, STEP);
  }

  set step(step: number) {
    Atomics.store(this.slots, STEP, step);
  }

  /** Waits until all threads have said `joined` once: they are ready. */
  awaitThreads(): void {
    while (Atomics.load(this.slots, PENDING) < this.threads - 1) {
      Atomics.wait(this.slots, PENDING, Atomics.load(this.slots, PENDING), 100);
    }
  }

  /** A thread other than the caller's: announces itself and serves rounds for ever. */
  serve(thread: number, call: PhaseCall): never {
    const { slots } = this;
    Atomics.add(slots, PENDING, 1);
    Atomics.notify(slots, PENDING);
    for (let seen = 0; ; seen = (seen + 1) | 0) {
      this.awaitChange(ROUND, seen, SLEEPERS);
      this.runPart(thread, call);
      if (Atomics.sub(slots, PENDING, 1) === 1 && Atomics.load(slots, CALLER_WAITS) > 0) {
        Atomics.notify(slots, PENDING);
      }
    }
  }

  /** Runs [0, extent) on all threads; the first failure in the order of the iterations, or 0. */
  run(call: PhaseCall, step: number, kernel: number, phase: number, extent: number): number {
    const { slots, threads } = this;
    if (extent <= 0) return 0;
    if (extent === 1 || threads === 1) return call(0, step, kernel, phase, 0, extent);
    slots[KERNEL] = kernel;
    slots[PHASE] = phase;
    slots[EXTENT] = extent;
    Atomics.store(slots, PENDING, threads - 1);
    Atomics.add(slots, ROUND, 1);
    if (Atomics.load(slots, SLEEPERS) > 0) Atomics.notify(slots, ROUND);
    this.runPart(0, call);
    this.join();
    for (let thread = 0; thread < threads; thread++) {
      const failure = slots[FAILURES + SLOTS_PER_THREAD * thread]!;
      if (failure !== 0) return failure;
    }
    return 0;
  }

  private runPart(thread: number, call: PhaseCall): void {
    const { slots, threads } = this;
    const extent = slots[EXTENT]!;
    const each = Math.floor(extent / threads);
    const rest = extent % threads;
    const begin = each * thread + Math.min(thread, rest);
    const end = begin + each + (thread < rest ? 1 : 0);
    const place = FAILURES + SLOTS_PER_THREAD * thread;
    slots[place] = 0;
    if (begin >= end) return;
    try {
      slots[place] = call(thread, slots[STEP]!, slots[KERNEL]!, slots[PHASE]!, begin, end);
    } catch (error) {
      // The caller's own trap is told with its message.
      if (thread === 0) throw error;
      slots[place] = TRAPPED;
    }
  }

  private join(): void {
    for (;;) {
      const pending = Atomics.load(this.slots, PENDING);
      if (pending === 0) return;
      this.awaitChange(PENDING, pending, CALLER_WAITS);
    }
  }

  private awaitChange(slot: number, seen: number, sleepers: number): void {
    const { slots } = this;
    const end = performance.now() + SPIN_MS;
    do {
      for (let spins = 0; spins < SPINS_PER_LOOK; spins++) {
        if (Atomics.load(slots, slot) !== seen) return;
      }
    } while (performance.now() < end);
    // Counted before the last look (by `wait` itself), so that nobody sleeps through a change.
    Atomics.add(slots, sleepers, 1);
    Atomics.wait(slots, slot, seen);
    Atomics.sub(slots, sleepers, 1);
  }
}
