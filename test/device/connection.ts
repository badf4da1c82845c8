// One connection of an adb server to the device: greeting, then streams, each with the service it asked for.
import type { Socket } from 'node:net';
import type { AdbMessage, Command } from './adbMessage.ts';
import { encodeMessage, MAX_PAYLOAD, PROTOCOL_VERSION, readMessages } from './adbMessage.ts';
import { AdbStream } from './adbStream.ts';
import type { Faults } from './faults.ts';

/** What the other side sends as its token's type when it has signed one. */
const AUTH_TOKEN = 1;
const AUTH_SIGNATURE = 2;

export interface Greeting {
  /** `device::ro.product.name=...;features=...` */
  readonly banner: string;
  readonly faults: Faults;
}

/** Gives a stream to its service; false: there is none of that name. */
export type OpenService = (name: string, stream: AdbStream) => boolean;

export class Connection {
  private readonly streams = new Map<number, AdbStream>();
  private maxPayload = MAX_PAYLOAD;
  private nextId = 1;
  private greeted = false;

  constructor(
    private readonly socket: Socket,
    private readonly greeting: Greeting,
    private readonly open: OpenService,
  ) {}

  /** Until the connection ends, in whichever way. */
  async serve(): Promise<void> {
    this.socket.setNoDelay(true);
    try {
      for await (const message of readMessages(this.socket)) this.receive(message);
    } catch {
      // Reset by the other side or cut by a test: the same to the streams.
    }
    this.drop();
  }

  /** As if the cable were pulled. */
  drop(): void {
    this.socket.destroy();
    for (const stream of this.streams.values()) stream.ended();
    this.streams.clear();
  }

  private send = (command: Command, arg0: number, arg1: number, payload?: Uint8Array): void => {
    if (command === 'CLSE') this.streams.delete(arg0);
    if (!this.socket.destroyed) this.socket.write(encodeMessage(command, arg0, arg1, payload));
  };

  private receive(message: AdbMessage): void {
    if (this.greeting.faults.mute) return;
    const { command, arg1, payload } = message;
    if (command === 'CNXN') this.greet(message);
    else if (command === 'AUTH') this.authenticate(message);
    else if (!this.greeted) return;
    else if (command === 'OPEN') this.openStream(message);
    else if (command === 'WRTE') this.streams.get(arg1)?.received(payload);
    else if (command === 'OKAY') this.streams.get(arg1)?.acknowledged();
    else if (command === 'CLSE') {
      this.streams.get(arg1)?.ended();
      this.streams.delete(arg1);
    }
  }

  private greet({ arg1 }: AdbMessage): void {
    this.maxPayload = Math.min(arg1, MAX_PAYLOAD);
    if (this.greeting.faults.unauthorised) {
      this.send('AUTH', AUTH_TOKEN, 0, Buffer.alloc(20, 7));
      return;
    }
    this.greeted = true;
    this.send('CNXN', PROTOCOL_VERSION, MAX_PAYLOAD, Buffer.from(this.greeting.banner));
  }

  /** No signature is ever good enough, and the owner never answers the dialog that shows a public key. */
  private authenticate({ arg0 }: AdbMessage): void {
    if (arg0 === AUTH_SIGNATURE) this.send('AUTH', AUTH_TOKEN, 0, Buffer.alloc(20, 8));
  }

  private openStream({ arg0: remote, payload }: AdbMessage): void {
    const name = payload.toString('utf8').replace(/\0+$/, '');
    const local = this.nextId++;
    const stream = new AdbStream(local, remote, this.maxPayload, this.send);
    this.streams.set(local, stream);
    if (this.open(name, stream)) return;
    this.streams.delete(local);
    this.send('CLSE', 0, remote);
  }
}
