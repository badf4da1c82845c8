/**
 * The page's half of the studio's message format: JSON in which typed arrays are
 * {"$t":"Int32Array","b":"<base64>"} and non-finite numbers are {"$n":"NaN"}. The other half, and the
 * description, is `compiler/serve/codec.ts`; a test holds the two together.
 */

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

function replace(_key: string, value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    const name = (Object.keys(ARRAYS) as ArrayName[]).find((n) => value instanceof ARRAYS[n]);
    if (!name) throw new TypeError('This kind of array cannot be sent.');
    return { $t: name, b: toBase64(value) };
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $n: String(value) };
  return value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $t: name, b: base64, $n: number } = value as Record<string, unknown>;
  if (typeof number === 'string' && Object.keys(value).length === 1) return Number(number);
  if (typeof name !== 'string' || typeof base64 !== 'string') return value;
  if (!Object.hasOwn(ARRAYS, name)) return value;
  return new ARRAYS[name as ArrayName](fromBase64(base64).buffer);
}

function toBase64(view: ArrayBufferView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  let text = '';
  // In pieces: the argument list of one call is limited.
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
