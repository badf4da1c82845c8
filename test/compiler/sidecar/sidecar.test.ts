/** Text and back: what is understood, what is refused, and that nothing gets lost on the way. */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { MAX_SIDECAR_BYTES } from '../../../compiler/sidecar/sidecar.ts';
import type { Sidecar } from '../../../compiler/sidecar/sidecar.ts';
import { parseSidecar } from '../../../compiler/sidecar/parse.ts';
import { serialiseSidecar } from '../../../compiler/sidecar/serialise.ts';

const full = `{
  "version": 1,
  "structure": "0123456789abcdef0123456789abcdef",
  "planner": "pattern",
  "replannedAt": 1,
  "dims": {
    "batch": 4,
    "sequence": 128
  },
  "overrides": [
    { "kind": "fuse", "a": { "id": "x", "type": "Conv", "near": "2:0123456789abcdef" }, "b": { "id": "y", "type": "Relu" } },
    { "kind": "cut", "a": { "id": "y" }, "b": { "id": "z" } },
    { "kind": "seed", "op": { "id": "x", "colour": "blue" } },
    { "kind": "noSeed", "op": { "id": "z" }, "why": ["a",1] },
    { "kind": "pin", "ops": [{ "id": "p" }, { "id": "q" }] }
  ],
  "notes": {
    "by": "hand"
  }
}
`;

function parsed(content: string | Uint8Array): Sidecar {
  const result = parseSidecar(content);
  if (!result.ok) throw new Error(result.diagnostic.message);
  return result.sidecar;
}

function refusal(content: string | Uint8Array): string {
  const result = parseSidecar(content);
  if (result.ok) throw new Error('was accepted');
  return `${result.diagnostic.code}: ${result.diagnostic.message}`;
}

describe('a sidecar', () => {
  it('comes back as the same text, unknown fields included', () => {
    expect(serialiseSidecar(parsed(full))).toBe(full);
  });

  it('is written the same whatever the order of dims', () => {
    const sidecar = parsed(full);
    const other = { ...sidecar, dims: { sequence: 128, batch: 4 } };
    expect(serialiseSidecar(other)).toBe(full);
  });

  it('may be written by hand: ids only, everything optional', () => {
    const sidecar = parsed('{"version":1,"overrides":[{"kind":"fuse","a":"x","b":"y"}]}');
    expect(sidecar).toMatchObject({ planner: 'dnnfusion', replannedAt: 0, dims: {} });
    expect(sidecar.overrides[0]?.operators).toEqual([{ id: 'x' }, { id: 'y' }]);
  });

  it('may start with a byte order mark', () => {
    expect(parsed(new TextEncoder().encode('\uFEFF{"version":1}')).overrides).toEqual([]);
  });

  it('of a newer version is refused without a look at the rest', () => {
    expect(refusal('{"version":2,"overrides":"something else"}')).toMatch(
      /^sidecar\/newer: .*version 2.*left alone/,
    );
  });

  it.each([
    ['', 'not JSON'],
    ['[]', 'the file is not an object'],
    ['{}', "no 'version'"],
    ['{"version":"1"}', "'version' of the file is not a whole number"],
    ['{"version":0}', 'at least 1'],
    ['{"version":1,"planner":"best"}', "'planner' is none of none, pattern, dnnfusion"],
    ['{"version":1,"replannedAt":1}', 'there are 0 overrides'],
    ['{"version":1,"dims":{"n":0}}', "'n' of dims"],
    ['{"version":1,"dims":{"n":1.5}}', "'n' of dims"],
    ['{"version":1,"dims":{"n":1e300}}', "'n' of dims"],
    ['{"version":1,"dims":[1]}', 'dims is not an object'],
    ['{"version":1,"overrides":{}}', 'not a list'],
    ['{"version":1,"overrides":[null]}', 'overrides[0] is not an object'],
    ['{"version":1,"overrides":[{"kind":"melt"}]}', 'overrides[0].kind'],
    ['{"version":1,"overrides":[{"kind":"fuse","a":"x"}]}', "no 'b'"],
    ['{"version":1,"overrides":[{"kind":"seed","op":7}]}', 'overrides[0].op is not an object'],
    ['{"version":1,"overrides":[{"kind":"seed","op":{"id":7}}]}', 'not a text'],
    ['{"version":1,"overrides":[{"kind":"pin","ops":[]}]}', 'is empty'],
    [`{"version":1,"x":${'['.repeat(100)}${']'.repeat(100)}}`, 'nested deeper'],
  ])('%s is malformed: %s', (text, reason) => {
    const message = refusal(text);
    expect(message).toContain('sidecar/malformed');
    expect(message).toContain(reason);
  });

  it('is refused unread when it is too large, not UTF-8, or nested without end', () => {
    expect(refusal(new Uint8Array(MAX_SIDECAR_BYTES + 1))).toContain('16 MB');
    expect(refusal(Uint8Array.of(0x7b, 0xff, 0x7d))).toContain('UTF-8');
    expect(refusal('['.repeat(10_000_000))).toContain('nested deeper');
  });

  it('cannot reach the prototype of anything', () => {
    const text =
      '{"version":1,"__proto__":{"polluted":1},"dims":{"__proto__":3,"constructor":4},' +
      '"overrides":[{"kind":"seed","op":{"id":"__proto__","__proto__":{"type":"x"}}}]}';
    const sidecar = parsed(text);
    expect(Object.hasOwn(sidecar.dims, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(sidecar.dims)).toBe(Object.prototype);
    expect(sidecar.overrides[0]?.operators[0]?.type).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const again = parsed(serialiseSidecar(sidecar));
    expect([...again.unknown.keys()]).toEqual(['__proto__']);
    expect(serialiseSidecar(again)).toBe(serialiseSidecar(sidecar));
  });
});

describe('the parser under random input', () => {
  it('answers any JSON with a sidecar or a diagnostic', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        parseSidecar(text);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('answers a damaged file with a sidecar that can be written, or a diagnostic', () => {
    const bytes = new TextEncoder().encode(full);
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(3));
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let content = [...bytes];
        for (const [at, value, how] of edits) {
          if (how === 0) content[at % content.length] = value;
          else if (how === 1) content.splice(at, 1);
          else if (how === 2) content.splice(at, 0, value);
          else content = content.slice(0, Math.max(1, content.length - (at % 40)));
        }
        const result = parseSidecar(Uint8Array.from(content));
        if (!result.ok) return;
        accepted++;
        const text = serialiseSidecar(result.sidecar);
        expect(serialiseSidecar(parsed(text))).toBe(text);
      }),
      { numRuns: 10_000, seed: 2 },
    );
    // Otherwise nothing but the refusal was tested.
    expect(accepted).toBeGreaterThan(100);
  });
});
