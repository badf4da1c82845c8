/**
 * adb as this program uses it. Nothing is asked of the adb program before the server's version was compared with its own:
 * a client of another version would end the server that others use.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { adbEnvironment, findAdb } from './adbProgram.ts';
import type { AdbProgram } from './adbProgram.ts';
import { askServer } from './adbServer.ts';
import type { ListedDevice } from './deviceList.ts';
import { parseDeviceList } from './deviceList.ts';
import { DeviceError } from './errors.ts';
import type { ServerAddress } from './serverAddress.ts';
import { addressText, serverAddress } from './serverAddress.ts';
import type { Spawned, SpawnOptions } from './spawned.ts';
import { runSpawned } from './spawned.ts';

export interface AdbSettings {
  /** The adb program; default: found. */
  readonly adb?: string | undefined;
  /** `host:port` of the server; default: the environment's, else this computer's. */
  readonly server?: string | undefined;
  /** Start a server where none runs, on this computer's usual port only. Default: yes. */
  readonly startServer?: boolean;
  /** Folders whose programs are never run (workspaces). */
  readonly untrusted?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const START_MS = 30_000;

export class Adb {
  private constructor(
    readonly program: AdbProgram,
    readonly address: ServerAddress,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Throws DeviceError 'no-adb', 'no-server', 'version', 'garbage', 'cancelled'. */
  static async open(settings: AdbSettings = {}): Promise<Adb> {
    const { env = process.env, signal, untrusted } = settings;
    const address = serverAddress(settings.server, env);
    const program = await findAdb({
      setting: settings.adb,
      env,
      signal,
      ...(untrusted ? { untrusted } : {}),
    });
    const adb = new Adb(program, address, adbEnvironment(env));
    await adb.ensureServer(settings);
    return adb;
  }

  private async ensureServer({ startServer = true, signal }: AdbSettings): Promise<void> {
    try {
      await this.compareVersions(signal);
    } catch (error) {
      const isMissing = error instanceof DeviceError && error.kind === 'no-server';
      if (!isMissing || !startServer || !this.address.isDefault) throw error;
      await this.run(['start-server'], { timeoutMs: START_MS, signal });
      await this.compareVersions(signal);
    }
  }

  private async compareVersions(signal: AbortSignal | undefined): Promise<void> {
    const said = await askServer(this.address, 'host:version', { signal });
    const server = /^[\da-fA-F]{1,4}$/.test(said) ? Number.parseInt(said, 16) : undefined;
    const { program } = this;
    if (server === program.protocol) return;
    if (server === undefined) {
      throw new DeviceError(
        'garbage',
        `What answers at ${addressText(this.address)} is no adb server.`,
      );
    }
    throw new DeviceError(
      'version',
      `The adb server at ${addressText(this.address)} has version ${server}, but ${program.path} has version ${program.protocol}; it was left alone. Set "fusionStudio.device.adb" to the program that started the server, or end the server.`,
    );
  }

  /** Runs the program to its end. Throws DeviceError 'cancelled'. */
  run(args: readonly string[], options: SpawnOptions): Promise<Spawned> {
    return runSpawned(this.program.path, [...this.where(), ...args], { ...options, env: this.env });
  }

  /** Starts the program; nothing is on its standard input. */
  spawn(args: readonly string[]): ChildProcess {
    return spawn(this.program.path, [...this.where(), ...args], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
  }

  /** Throws DeviceError. */
  async devices(signal?: AbortSignal): Promise<readonly ListedDevice[]> {
    return parseDeviceList(await askServer(this.address, 'host:devices-l', { signal }));
  }

  private where(): readonly string[] {
    const { host, port, isDefault } = this.address;
    return isDefault ? [] : ['-H', host, '-P', String(port)];
  }
}
