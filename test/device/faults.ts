// What a test may break. Everything can be changed while the device runs; nothing set means a healthy device.

/** What becomes of programs that were pushed: they hang or die after their first line, or say nonsense. */
export type ProgramFault =
  /** One line, then nothing for ever (`sleep 86400`). */
  | 'stall'
  /** One line, then killed by the system, as when memory runs out. */
  | 'killed'
  /** Bytes that are no text, instead of what the program says. */
  | 'garbage'
  /** A line that never ends. */
  | 'flood'
  /** Ends with status 0 and says nothing. */
  | 'silent'
  /** Starts two seconds late (`sleep 2.25`). */
  | 'late';

export interface Faults {
  /** The phone asks its owner, who never answers: adb lists it as unauthorized. */
  unauthorised?: boolean | undefined;
  /** Takes connections and says nothing: adb lists it as offline. */
  mute?: boolean | undefined;
  /** The connection drops, once, after that many bytes of files that come in. */
  dropAtPushedByte?: number | undefined;
  /** The device is full, once, after that many bytes of files that come in. */
  fullAtPushedByte?: number | undefined;
  /** The same as the first for files that go out. */
  dropAtPulledByte?: number | undefined;
  /** The connection drops, once, after that many bytes of output of a shell command that holds the text. */
  dropAtOutput?: { readonly command: string; readonly bytes: number } | undefined;
  /** Connections are refused after a drop until this is taken back: the cable stays out. */
  staysAway?: boolean | undefined;
  /** Of a file whose push ends early, what came is left: the phone lost its power, the daemon had no time to tidy. */
  keepsPartialFiles?: boolean | undefined;
  /** Shell commands take that much longer, milliseconds. */
  slowShell?: number | undefined;
  program?: ProgramFault | undefined;
}

/** Scripts that run in the place of a program, with the program's path and arguments. */
export const PROGRAM_FAULTS: Readonly<Record<ProgramFault, string>> = {
  stall: '"$@" | head -n 1; exec sleep 86400',
  killed: '"$@" | head -n 1; kill -9 $$',
  garbage: 'head -c 4096 /dev/urandom; echo; echo \'{"kind":\'; echo "<img src=x onerror=1>"',
  flood: 'exec tr "\\\\0" x </dev/zero',
  silent: 'exit 0',
  late: 'sleep 2.25; exec "$@"',
};
