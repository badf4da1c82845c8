// A device for tests: a daemon that speaks the ADB protocol over TCP on this computer, with a system of its own behind
// it in which commands and programs run for real. `adb connect` to its serial number is all it takes.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { AdbStream } from './adbStream.ts';
import { Connection } from './connection.ts';
import { DeviceFiles } from './deviceFiles.ts';
import { openSystem } from './deviceSystem.ts';
import { emulatorProfile } from './emulatorProfile.ts';
import { PROGRAM_FAULTS } from './faults.ts';
import type { Faults, ProgramFault } from './faults.ts';
import type { DeviceProfile } from './profile.ts';
import { servePlainShell, serveShellV2 } from './shellService.ts';
import { serveSync } from './syncService.ts';

export interface DeviceOptions {
  /** Default: the emulator. */
  readonly profile?: DeviceProfile;
  /** What the daemon says it can; without 'shell_v2' it is one of an old Android. */
  readonly features?: readonly string[];
  readonly faults?: Faults;
}

export interface TestDevice {
  /** Where it listens: `adb connect` to it, `adb -s` with it. */
  readonly serial: string;
  /** Its root as this computer reaches it; absolute paths of the device lie below. */
  readonly root: string;
  /** May be changed at any time. */
  readonly faults: Faults;
  /** As if the cable were pulled now. */
  readonly drop: () => void;
  /** Takes and leaves that many bytes in /data; undefined: as much as at first. */
  readonly leaveSpace: (bytes: number | undefined) => void;
  /** Whether programs may run from /data. */
  readonly allowPrograms: (allowed: boolean) => void;
  /** Command lines of everything that runs there, besides the system itself. */
  readonly processes: () => Promise<string[]>;
  /** Shell commands so far, in order. */
  readonly commands: readonly string[];
  /** Of files that came in so far. */
  readonly pushedBytes: number;
  readonly close: () => Promise<void>;
}

export const ALL_FEATURES: readonly string[] = ['shell_v2', 'cmd', 'stat_v2'];

export async function startDevice(options: DeviceOptions = {}): Promise<TestDevice> {
  const { profile = emulatorProfile, features = ALL_FEATURES } = options;
  const system = await openSystem(profile);
  const commands: string[] = [];
  let pushedBytes = 0;
  const faults = observed(options.faults ?? {}, (fault) =>
    setProgramFault(join(system.root, 'system/etc/program-fault'), fault),
  );
  const connections = new Set<Connection>();
  const files = new DeviceFiles(system.root, system.owner);
  const drop = (): void => {
    for (const connection of connections) connection.drop();
  };
  const modern = features.includes('shell_v2');

  const open = (name: string, stream: AdbStream): boolean => {
    const [, service = '', , rest = ''] = /^(shell|exec|sync)(,[^:]*)?:(.*)$/s.exec(name) ?? [];
    const shell = (command: string): ReturnType<typeof system.shell> => {
      commands.push(command);
      return system.shell(command);
    };
    if (service === 'sync') {
      stream.accept();
      void serveSync(stream, { files, faults, drop, onPushed: (bytes) => (pushedBytes += bytes) });
    } else if (service === 'shell' && name.startsWith('shell,v2') && modern) {
      void serveShellV2(rest, stream, { faults, drop, shell });
    } else if (service === 'shell' || service === 'exec') {
      void servePlainShell(rest, stream, { faults, drop, shell }, service === 'shell' && !modern);
    } else return false;
    return true;
  };

  const server = createServer((socket) => {
    if (faults.staysAway) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, { banner: banner(profile, features), faults }, open);
    connections.add(connection);
    socket.on('error', () => {});
    void connection.serve().finally(() => connections.delete(connection));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    serial: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    root: system.root,
    faults,
    drop,
    leaveSpace: system.leaveSpace,
    allowPrograms: (allowed) => system.remountData(allowed ? 'exec' : 'noexec'),
    processes: () => processes(join(system.root, 'proc')),
    commands,
    get pushedBytes() {
      return pushedBytes;
    },
    close: async () => {
      drop();
      await new Promise((done) => server.close(done));
      await system.close();
    },
  };
}

function banner({ properties }: DeviceProfile, features: readonly string[]): string {
  const named = ['ro.product.name', 'ro.product.model', 'ro.product.device'].map(
    (name) => `${name}=${properties[name] ?? ''};`,
  );
  return `device::${named.join('')}features=${features.join(',')}`;
}

/** The program fault lies on the device, where starting a program finds it. */
function observed(faults: Faults, onProgram: (fault: ProgramFault | undefined) => void): Faults {
  onProgram(faults.program);
  return new Proxy(faults, {
    set(target, name, value) {
      if (name === 'program') onProgram(value as ProgramFault | undefined);
      return Reflect.set(target, name, value);
    },
  });
}

function setProgramFault(file: string, fault: ProgramFault | undefined): void {
  if (fault) writeFileSync(file, PROGRAM_FAULTS[fault]);
  else if (existsSync(file)) rmSync(file);
}

/** The first process is the system's own; the kernel's procfs of the device knows only the device's. */
async function processes(proc: string): Promise<string[]> {
  const numbers = (await readdir(proc)).filter((name) => /^\d+$/.test(name) && name !== '1');
  return numbers.flatMap((number) => {
    try {
      const line = readFileSync(join(proc, number, 'cmdline'), 'utf8')
        .replaceAll('\0', ' ')
        .trim();
      return line === '' ? [] : [line];
    } catch {
      return [];
    }
  });
}
