// The two halves of the studio's message format, held against each other.
import { describe, expect, it } from 'vitest';
import * as server from '../../compiler/serve/codec.ts';
import * as page from '../../webview/transport/codec.ts';

const message = {
  jsonrpc: '2.0',
  id: 7,
  result: {
    edges: new Int32Array([0, 1, -5, 2 ** 31 - 1]),
    // A view into the middle of a larger buffer must not drag the rest along.
    middle: new Float64Array([9, 1.5, Number.NaN, -0, 9]).subarray(1, 4),
    types: new Uint16Array([0, 65535]),
    mapping: new Uint8Array(),
    infinite: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    names: ['<script>', '\u2028', '{"$t":"Int32Array"}'],
    bindings: { $t: 3, b: 4, $n: 5, batch: 1 },
    nothing: null,
  },
};

describe.each([
  ['server to page', server.encodeMessage, page.decodeMessage],
  ['page to server', page.encodeMessage, server.decodeMessage],
  ['server to server', server.encodeMessage, server.decodeMessage],
] as const)('%s', (_name, encode, decode) => {
  it('carries typed arrays, non-finite numbers and hostile texts', () => {
    expect(decode(encode(message))).toEqual(message);
  });
  it('keeps a message on one line', () => {
    expect(encode(message)).not.toMatch(/[\r\n]/);
  });
});

it('encodes the same text on both sides', () => {
  expect(page.encodeMessage(message)).toBe(server.encodeMessage(message));
});

it('sends a Buffer as bytes', () => {
  expect(page.decodeMessage(server.encodeMessage({ b: Buffer.from('abc') }))).toEqual({
    b: new Uint8Array([97, 98, 99]),
  });
});

it('leaves objects alone that only look like arrays', () => {
  const text = '{"$t":"constructor","b":"AAAA"}';
  expect(page.decodeMessage(text)).toEqual(JSON.parse(text));
  expect(server.decodeMessage(text)).toEqual(JSON.parse(text));
});

it('refuses bytes that do not fill whole elements', () => {
  expect(() => page.decodeMessage('{"$t":"Int32Array","b":"AAA="}')).toThrow(RangeError);
});
