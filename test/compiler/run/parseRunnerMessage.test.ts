/** Lines of a runner are untrusted: what is taken, what is refused, and random damage. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BadMessage,
  MOST_LINE_BYTES,
  parseRunnerMessage,
} from '../../../compiler/run/parseRunnerMessage.ts';
import type { RunnerMessage } from '../../../compiler/run/runProtocol.ts';

const limits = { steps: 4, buffers: 9, outputs: 2, symbols: 2 };

const samples: readonly RunnerMessage[] = [
  { kind: 'hello', runner: 'native 1', threads: 2, cores: 8 },
  { kind: 'hello', runner: 'native 1', threads: 2, cores: 8, firstRunMs: 1.5 },
  { kind: 'hello', runner: 'opencl GPU', version: 'OpenCL 3.0', threads: 1, cores: 1 },
  { kind: 'first', nanoseconds: 12 },
  { kind: 'total', nanoseconds: [1, 2, 3] },
  { kind: 'block', step: 3, nanoseconds: [] },
  { kind: 'output', index: 1, dims: [2, 0, 3], offset: 64, bytes: 0 },
  { kind: 'tensor', buffer: 8, offset: 0, bytes: 16 },
  { kind: 'sizes', values: [0, 7] },
  { kind: 'memory', peakBytes: 2 ** 40 },
  { kind: 'error', message: 'no' },
  { kind: 'error', step: 0, check: 3, message: 'a check failed' },
  { kind: 'error', failure: 'unavailable', message: 'no device' },
  { kind: 'done' },
];

describe('parseRunnerMessage', () => {
  test.each(samples)('takes $kind', (message) => {
    expect(parseRunnerMessage(JSON.stringify(message), limits)).toEqual(message);
    expect(parseRunnerMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each([
    ['', 'no JSON'],
    ['{', 'no JSON'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['3', 'no JSON object'],
    ['{}', 'kind'],
    ['{"kind":"shutdown"}', 'no known kind'],
    ['{"kind":"__proto__"}', 'no known kind'],
    ['{"kind":"done","more":1}', 'a field too many'],
    ['{"kind":"done","__proto__":1}', 'a field too many'],
    ['{"kind":"first","nanoseconds":-1}', 'nanoseconds'],
    ['{"kind":"first","nanoseconds":1e300}', 'nanoseconds'],
    ['{"kind":"first","nanoseconds":"1"}', 'nanoseconds'],
    ['{"kind":"first"}', 'nanoseconds'],
    ['{"kind":"total","nanoseconds":[1,null]}', 'nanoseconds'],
    ['{"kind":"total","nanoseconds":[1.5]}', 'nanoseconds'],
    ['{"kind":"block","step":4,"nanoseconds":[]}', 'step'],
    ['{"kind":"output","index":2,"dims":[],"offset":0,"bytes":0}', 'index'],
    ['{"kind":"tensor","buffer":9,"offset":0,"bytes":0}', 'buffer'],
    ['{"kind":"sizes","values":[1]}', 'values'],
    ['{"kind":"sizes","values":[1,2,3]}', 'values'],
    ['{"kind":"error","step":-1,"message":"x"}', 'step'],
    ['{"kind":"error","message":5}', 'message'],
    ['{"kind":"error","failure":"other","message":"x"}', 'failure'],
    ['{"kind":"hello","runner":"x","threads":99999,"cores":1}', 'threads'],
    [`{"kind":"error","message":"${'x'.repeat(2000)}"}`, 'message'],
    [`{"kind":"total","nanoseconds":[${'1,'.repeat(100_000)}1]}`, 'nanoseconds'],
    [' '.repeat(MOST_LINE_BYTES + 1), 'too long'],
  ])('refuses %.60s', (line, reason) => {
    expect(() => parseRunnerMessage(line, limits)).toThrow(BadMessage);
    expect(() => parseRunnerMessage(line, limits)).toThrow(reason);
  });

  test('gives a message of the protocol or refuses, whatever was damaged', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.string({ maxLength: 4 }), fc.nat(6))
      .map(([message, at, text, cut]) => {
        const line = JSON.stringify(message);
        const place = at % (line.length + 1);
        return line.slice(0, place) + text + line.slice(place + cut);
      });
    const anyObject = fc
      .tuple(fc.constantFrom(...samples), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([message, more]) => JSON.stringify({ ...message, ...more }));
    fc.assert(
      fc.property(fc.oneof(damaged, anyObject, fc.json(), fc.string()), (line) => {
        let message: RunnerMessage;
        try {
          message = parseRunnerMessage(line, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(BadMessage);
          return;
        }
        // What is taken is complete: written again, it is taken again.
        expect(parseRunnerMessage(JSON.stringify(message), limits)).toEqual(message);
        expect(samples.map(({ kind }) => kind)).toContain(message.kind);
      }),
      { numRuns: 5000 },
    );
  });
});
