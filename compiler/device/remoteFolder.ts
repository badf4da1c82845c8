/**
 * The folder of one run on a device. It is removed however the run ends: by us; or, when the connection or this process
 * is gone, by a guard that runs on the device and notices that nobody listens to it any more, or that nobody was heard for a
 * while: an adb client goes on listening when the process that started it is killed. What a device lost with its power is
 * removed by whoever runs next.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { homedir, hostname } from 'node:os';
import type { AdbDevice } from './device.ts';
import { TEMPORARY } from './device.ts';
import { DeviceError } from './errors.ts';
import { shellWord } from './quote.ts';

const ROOT = `${TEMPORARY}/fusion-studio`;
export const CACHE = `${ROOT}/cache`;
const RUNS = `${ROOT}/runs`;

const STALE_MINUTES = 60;
/** How often the guard looks, and how many looks without a sign of life end the run. */
const LOOK_SECONDS = 2;
const PATIENT_LOOKS = 8;
const LIFE_MS = 4000;
/** The guard makes this file, a sign of life removes it. */
const SILENCE = 'silence';
const CLEAN_MS = 10_000;
/** `computer-process-random`: tells whose it is. */
const NAME = /^([\da-f]{8})-(\d{1,10})-[\da-f]{16}$/;
const computer = createHash('sha256')
  .update(`${hostname()}\n${homedir()}`)
  .digest('hex')
  .slice(0, 8);
/** Of this process. */
const open = new Set<string>();

export class RemoteFolder {
  private guard: ChildProcess | undefined;
  private life: ReturnType<typeof setInterval> | undefined;
  private sign: ChildProcess | undefined;

  private constructor(
    private readonly device: AdbDevice,
    private readonly name: string,
  ) {}

  /** Absolute path on the device; letters, digits, dashes and slashes. */
  get path(): string {
    return `${RUNS}/${this.name}`;
  }

  /** Also removes folders that runs left behind. Throws DeviceError. */
  static async create(device: AdbDevice, signal?: AbortSignal): Promise<RemoteFolder> {
    const name = `${computer}-${process.pid}-${randomBytes(8).toString('hex')}`;
    const folder = new RemoteFolder(device, name);
    open.add(name);
    try {
      const names = await device.output(
        `mkdir -p ${CACHE} ${folder.path} && ls ${RUNS}; s=$?; echo /; ` +
          `find ${RUNS} -mindepth 1 -maxdepth 1 -mmin +${STALE_MINUTES} 2>/dev/null; exit $s`,
        { signal },
      );
      const left = abandoned(names);
      if (left.length > 0) await device.shell(left.map(removal).join('\n'), { signal });
      folder.watch();
      return folder;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** Ends everything that runs in the folder and removes it; never throws, and gives up after a while. */
  async remove(): Promise<void> {
    const { device } = this;
    clearInterval(this.life);
    try {
      await device.shell(removal(this.name), { timeoutMs: CLEAN_MS });
    } catch (error) {
      // The device is gone: its guard cleans up, or the next run does.
      if (!(error instanceof DeviceError)) throw error;
    } finally {
      this.guard?.kill('SIGKILL');
      this.sign?.kill('SIGKILL');
      open.delete(this.name);
    }
  }

  private watch(): void {
    const { path } = this;
    this.guard = this.device.spawnShell(
      `cd ${path} || exit 0; trap '' HUP PIPE; n=0; m=0; ` +
        `while echo && [ -d ${path} ] && [ $m -lt ${PATIENT_LOOKS} ]; do sleep ${LOOK_SECONDS}; ` +
        `n=$((n+1)); [ $((n % 30)) = 0 ] && touch ${path}; ` +
        `if [ -e ${SILENCE} ]; then m=$((m+1)); else m=0; : > ${SILENCE}; fi; done 2>/dev/null; ` +
        `cd /; ${removal(this.name)}`,
    );
    quiet(this.guard);
    this.life = setInterval(() => this.live(), LIFE_MS);
    this.life.unref();
  }

  /** One at a time: a slow device is not asked faster than it answers. */
  private live(): void {
    if (this.sign !== undefined) return;
    const sign = this.device.spawnShell(`rm -f ${this.path}/${SILENCE}`);
    this.sign = sign;
    const done = (): void => void (this.sign = undefined);
    sign.once('close', done).once('error', done);
    quiet(sign);
  }
}

/** What it says or that it could not start is nobody's concern. */
function quiet(child: ChildProcess): void {
  child.on('error', () => {});
  child.stdout?.resume();
  child.stderr?.resume();
}

/**
 * Names of folders that nobody uses, out of a listing: names, a line with a slash, paths of those that were not touched for
 * long. Ours are known exactly; those of other computers only by their age.
 */
export function abandoned(listing: string): readonly string[] {
  const lines = listing.split('\n').map((line) => line.trim());
  const cut = lines.indexOf('/');
  const old = new Set(lines.slice(cut + 1).map((path) => path.slice(path.lastIndexOf('/') + 1)));
  return lines.slice(0, cut < 0 ? 0 : cut).filter((name) => {
    const match = NAME.exec(name);
    if (match === null || open.has(name)) return false;
    const pid = Number(match[2]);
    if (match[1] === computer) return pid === process.pid || !isAlive(pid);
    return old.has(name);
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whoever works in the folder belongs to it: the program, what it started, the guard. The shell that runs this is not one
 * of them.
 */
function removal(name: string): string {
  const path = `${RUNS}/${name}`;
  const mine = shellWord(` -> ${path}`);
  return (
    `for i in 1 2 3 4 5 6 7 8 9; do f=; for p in $(ls -l -d /proc/[0-9]*/cwd 2>/dev/null | ` +
    `while read -r l; do case "$l" in *${mine}|*${mine}' (deleted)') l=\${l##*/proc/}; echo \${l%%/*};; esac; done); ` +
    `do kill -9 $p 2>/dev/null && f=1; done; [ -z "$f" ] && break; sleep 0.1 2>/dev/null; done; rm -rf ${path}`
  );
}
