/** Where the adb server listens: the user's setting, the environment, or this computer. Only TCP. */
import { DeviceError } from './errors.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Nobody chose another: the place where adb itself would look. Only there may a server be started. */
  readonly isDefault: boolean;
}

export const DEFAULT_PORT = 5037;
const THIS_COMPUTER = '127.0.0.1';
const LOCAL = new Set(['localhost', '127.0.0.1', '::1']);

/** @param setting `host:port`, `host`, `[v6]:port` or a port. Throws DeviceError 'no-server'. */
export function serverAddress(
  setting: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): ServerAddress {
  if (setting !== undefined && setting.trim() !== '') {
    return parseAddress(setting.trim(), 'The setting of the adb server');
  }
  const socket = env['ADB_SERVER_SOCKET'];
  if (socket !== undefined && socket !== '') return parseAddress(socket, 'ADB_SERVER_SOCKET');
  const port = env['ANDROID_ADB_SERVER_PORT'];
  const host = env['ANDROID_ADB_SERVER_ADDRESS'] ?? THIS_COMPUTER;
  if (port !== undefined && port !== '') {
    return { ...parseAddress(`${bracketed(host)}:${port}`, 'ANDROID_ADB_SERVER_PORT') };
  }
  return { host, port: DEFAULT_PORT, isDefault: LOCAL.has(host) };
}

export function addressText({ host, port }: ServerAddress): string {
  return `${bracketed(host)}:${port}`;
}

export function isLocal({ host }: ServerAddress): boolean {
  return LOCAL.has(host);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function parseAddress(text: string, name: string): ServerAddress {
  const own = text.replace(/^tcp:/, '');
  const match = /^(?:(\[[\da-fA-F:.]+\]|[\w.-]+):)?(\d{1,5})$/.exec(own);
  const host = match ? match[1] : /^[\w.-]+$/.exec(own)?.[0];
  const port = match ? Number(match[2]) : DEFAULT_PORT;
  if ((match === null && host === undefined) || port < 1 || port > 65_535) {
    throw new DeviceError('no-server', `${name} is no address: "${text}". Write it as host:port.`);
  }
  const bare = (host ?? THIS_COMPUTER).replace(/^\[|\]$/g, '');
  return { host: bare, port, isDefault: LOCAL.has(bare) && port === DEFAULT_PORT };
}
