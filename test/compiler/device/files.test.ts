/** Texts about files and ends of commands on devices. */
import { describe, expect, test } from 'vitest';
import { failureOf, parseMarked } from '../../../compiler/device/device.ts';
import { leastRecentlyUsed, parseFreeBytes } from '../../../compiler/device/files.ts';
import { abandoned } from '../../../compiler/device/remoteFolder.ts';
import { MarkedOutput } from '../../../compiler/device/remoteProgram.ts';
import { Rng } from './noise.ts';

const TOYBOX = `Filesystem       1K-blocks     Used Available Use% Mounted on
/dev/block/dm-42 113171436 41234 71937000  37% /data
`;
const OLD = `Filesystem               Size     Used     Free   Blksize
/data                   12.5G     3.8G     8.7G   4096
`;
const LONG = `Filesystem     1K-blocks    Used Available Use% Mounted on
/dev/block/by-name/userdata-of-a-long-name
               100 40 60  40% /data
`;

describe('parseFreeBytes', () => {
  test.each([
    [TOYBOX, 71937000 * 1024],
    [OLD, Math.floor(8.7 * 2 ** 30)],
    [LONG, 60 * 1024],
    ['df: nothing', undefined],
    ['', undefined],
    ['Filesystem Available\n/data lots', undefined],
  ])('%j', (text, bytes) => {
    expect(parseFreeBytes(text)).toBe(bytes);
  });

  test('never throws', () => {
    const rng = new Rng(19);
    for (let i = 0; i < 3000; i++) {
      const bytes = parseFreeBytes(rng.mangled([TOYBOX, OLD, LONG]));
      if (bytes !== undefined) expect(bytes).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('leastRecentlyUsed', () => {
  const name = (letter: string): string => letter.repeat(64);
  const line = (bytes: number, used: number, letter: string): string =>
    `${bytes} ${used} /data/local/tmp/fusion-studio/cache/${name(letter)}\n`;
  const text = line(10, 300, 'a') + line(20, 100, 'b') + line(30, 200, 'c') + '9 9 /x/../y\n';

  test('goes by the time of the last use', () => {
    expect(leastRecentlyUsed(text, 60)).toEqual([]);
    expect(leastRecentlyUsed(text, 59)).toEqual([name('b')]);
    expect(leastRecentlyUsed(text, 10)).toEqual([name('b'), name('c')]);
    expect(leastRecentlyUsed(text, -1)).toEqual([name('b'), name('c'), name('a')]);
  });

  test('names nothing but files of a hash', () => {
    const rng = new Rng(23);
    for (let i = 0; i < 2000; i++) {
      for (const found of leastRecentlyUsed(rng.mangled([text]), 0))
        expect(found).toMatch(/^[\da-f]{64}$/);
    }
  });
});

describe('abandoned', () => {
  test('is what other computers have not touched for an hour, never what is no run', () => {
    const theirs = '00000000-1-00112233445566aa';
    const stale = '00000000-2-00112233445566bb';
    const listing = `${theirs}\n${stale}\n../x\n$(id)\n/\n/data/runs/${stale}\n/data/runs/x\n`;
    expect(abandoned(listing)).toEqual([stale]);
    expect(abandoned(theirs)).toEqual([]);
    expect(abandoned('')).toEqual([]);
  });

  test('gives names that a shell takes as they are', () => {
    const rng = new Rng(29);
    const sample = '00000000-2-00112233445566bb\n/\nx/00000000-2-00112233445566bb\n';
    for (let i = 0; i < 2000; i++) {
      for (const name of abandoned(rng.mangled([sample]))) expect(name).toMatch(/^[\da-f-]+$/);
    }
  });
});

describe('parseMarked', () => {
  test('tells the end of a command from its output', () => {
    expect(parseMarked('out\n\nm1 0\n', 'm1')).toEqual({ status: 0, stdout: 'out\n' });
    expect(parseMarked('out\r\n\r\nm1 7\r\n', 'm1')).toEqual({ status: 7, stdout: 'out\n' });
    expect(parseMarked('\nm1 9\nmore\n\nm1 1\n', 'm1')?.status).toBe(1);
    expect(parseMarked('out\n', 'm1')).toBeUndefined();
    expect(parseMarked('', 'm1')).toBeUndefined();
    expect(parseMarked('\nm1 x\n', 'm1')).toBeUndefined();
  });
});

describe('MarkedOutput', () => {
  const read = (text: string, cut: () => number) => {
    const output = new MarkedOutput('m1');
    const bytes = Buffer.from(text);
    let passed = '';
    for (let at = 0; at < bytes.length;) {
      const end = at + Math.max(1, cut());
      passed += output.push(bytes.subarray(at, end));
      at = end;
    }
    passed += output.finish();
    const { status, trailer, hasSpoken } = output;
    return { passed, status, trailer, hasSpoken };
  };
  const long = 'é'.repeat(500);

  test('passes on what the program says, however it is cut', () => {
    const rng = new Rng(31);
    for (const end of ['\n', '\r\n']) {
      const text = ['{"a":1}', `m1 no status ${long}`, long, '', 'm1 137', 'Killed', ''].join(end);
      for (let i = 0; i < 100; i++) {
        const { passed, ...rest } = read(text, () => rng.below(700));
        expect(passed).toBe(['{"a":1}', `m1 no status ${long}`, long, '', ''].join('\n'));
        expect(rest).toMatchObject({ status: 137, hasSpoken: true });
        expect(rest.trailer.trim()).toBe('Killed');
      }
    }
  });

  test('knows a program that said nothing, and a connection that was cut', () => {
    expect(read('\nm1 126\nno\n', () => 3)).toMatchObject({ status: 126, hasSpoken: false });
    expect(read('{"kind":"hel', () => 4)).toEqual({
      ...{ passed: '{"kind":"hel', status: undefined, trailer: '', hasSpoken: false },
    });
  });

  test('does not take a mark in the middle of a line for the end', () => {
    expect(read(`${'x'.repeat(300)}m1 0\n`, () => 300).status).toBeUndefined();
  });

  test('holds back little of a line that never ends', () => {
    const output = new MarkedOutput('m1');
    let passed = 0;
    for (let i = 0; i < 100; i++) passed += output.push(Buffer.alloc(1000, 120)).length;
    expect(passed).toBe(100_000);
  });
});

describe('failureOf', () => {
  test.each([
    ['adb: error: failed to copy: remote No space left on device', 'full'],
    ['sh: can not create: Permission denied', 'not-allowed'],
    ['mkdir: Read-only file system', 'not-allowed'],
    ['\n\u001b[31mwhat\u0007 is this', 'failed'],
    ['', 'failed'],
  ])('%j is %s', (said, kind) => {
    const failure = failureOf('S1', said);
    expect(failure.kind).toBe(kind);
    expect(failure.message).toContain('S1');

    expect(failure.message).not.toMatch(/[\u0000-\u001f]/);
  });
});
