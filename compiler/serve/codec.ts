/**
 * Messages between the studio server and its page as one line of JSON. Typed arrays travel as
 * {"$t":"Int32Array","b":"<base64>"} and numbers that JSON has no word for as {"$n":"NaN"}. Byte order is
 * the machine's own: both ends run on the same one. `webview/transport/codec.ts` is the page's half.
 */

/** Name in the message -> constructor. */
const ARRAYS = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const;

type ArrayName = keyof typeof ARRAYS;

export function encodeMessage(message: unknown): string {
  return JSON.stringify(message, replace);
}

/** Inverse of `encodeMessage`. Throws SyntaxError or RangeError for text that it did not write. */
export function decodeMessage(text: string): unknown {
  return JSON.parse(text, revive);
}

/** `this[key]` instead of `value`: Buffer has a toJSON that would already have run. */
function replace(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  if (ArrayBuffer.isView(original)) {
    const name = arrayName(original);
    const bytes = Buffer.from(original.buffer, original.byteOffset, original.byteLength);
    return { $t: name, b: bytes.toString('base64') };
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $n: String(value) };
  return value;
}

function arrayName(view: ArrayBufferView): ArrayName {
  for (const name of Object.keys(ARRAYS) as ArrayName[]) {
    if (view instanceof ARRAYS[name]) return name;
  }
  throw new TypeError('This kind of array cannot be sent.');
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $t: name, b: base64, $n: number } = value as Record<string, unknown>;
  if (typeof number === 'string' && Object.keys(value).length === 1) return Number(number);
  if (typeof name !== 'string' || typeof base64 !== 'string') return value;
  if (!Object.hasOwn(ARRAYS, name)) return value;
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new ARRAYS[name as ArrayName](bytes.buffer);
}
