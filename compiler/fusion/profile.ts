/**
 * Profile database (DNNFusion section 4.3): measured latencies of operator combinations, per device. Yellow
 * cells ask it before the cost model. Measurements fill it; it is empty until the first run on a device.
 */
export interface ProfileEntry {
  /** Median of one execution, nanoseconds. */
  readonly latency: number;
  /** Standard deviation of one execution, or between runs where that is more; nanoseconds. */
  readonly deviation: number;
  /** How many runs the median is of. */
  readonly runs: number;
  /** Standard error of the latency, nanoseconds; default: from deviation and runs. */
  readonly error?: number;
}

export interface ProfileDatabase {
  /** Nothing was ever measured: saves computing keys. */
  readonly isEmpty: boolean;
  /** Changes when answers may have changed; absent: they never do. */
  readonly revision?: number;
  /** @param key canonical block with shapes and element types, see `blockKey.ts`. */
  lookup(device: string, key: string): ProfileEntry | undefined;
}

export const EMPTY_PROFILE: ProfileDatabase = { isEmpty: true, lookup: () => undefined };
