/**
 * Text of a sidecar -> `Sidecar`. The file is untrusted: its size and nesting are limited before JSON is
 * parsed, every field is checked, and keys never become properties of our own objects. Nothing is repaired
 * silently: a file is understood whole or refused with the place that is wrong.
 */
import type { Diagnostic } from '../diagnostics.ts';
import { diagnostic } from '../diagnostics.ts';
import { PLANNERS } from '../fusion/plan.ts';
import { DEFAULT_REWRITES, REWRITE_CLASSES } from '../rewrite/rewrite.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';
import type { OperatorRecord, OverrideRecord, Sidecar, UnknownFields } from './sidecar.ts';
import { MAX_SIDECAR_BYTES, SIDECAR_VERSION } from './sidecar.ts';

export type ParsedSidecar =
  | { readonly ok: true; readonly sidecar: Sidecar }
  /** 'sidecar/malformed' or 'sidecar/newer'; a newer file must never be overwritten. */
  | { readonly ok: false; readonly diagnostic: Diagnostic };

const MAX_NESTING = 64;
const MAX_OVERRIDES = 100_000;
const MAX_DIMS = 10_000;
/** ONNX sets no limit to names; this one only keeps nonsense out. */
const MAX_TEXT = 1 << 16;

/** @param content the file's bytes (UTF-8, a byte order mark is allowed) or its text */
export function parseSidecar(content: Uint8Array | string): ParsedSidecar {
  try {
    return { ok: true, sidecar: readSidecar(parseJson(textOf(content))) };
  } catch (error) {
    if (error instanceof Newer) return { ok: false, diagnostic: newer(error.version) };
    if (error instanceof Malformed) return { ok: false, diagnostic: malformed(error.message) };
    throw error;
  }
}

class Malformed extends Error {}
class Newer extends Error {
  constructor(readonly version: number) {
    super('newer');
  }
}

function malformed(what: string): Diagnostic {
  return diagnostic(
    'sidecar/malformed',
    `The saved plan cannot be read: ${what}. Correct the file, or start a fresh plan (the file is kept as a backup).`,
  );
}

function newer(version: number): Diagnostic {
  return diagnostic(
    'sidecar/newer',
    `The saved plan has version ${version}; this program knows version ${SIDECAR_VERSION}. ` +
      'It is left alone and cannot be edited here: update Fusion Studio.',
  );
}

function textOf(content: Uint8Array | string): string {
  const size = typeof content === 'string' ? content.length : content.byteLength;
  if (size > MAX_SIDECAR_BYTES) {
    throw new Malformed(`it is larger than ${MAX_SIDECAR_BYTES / 1024 / 1024} MB`);
  }
  if (typeof content === 'string') return content.replace(/^\uFEFF/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Malformed('it is not UTF-8 text');
  }
}

function parseJson(text: string): unknown {
  checkNesting(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Malformed(`it is not JSON (${error instanceof Error ? error.message : 'unknown'})`);
  }
}

/** Before parsing: unknown fields are written again later, and writing recurses. */
function checkNesting(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_NESTING) throw new Malformed(`it is nested deeper than ${MAX_NESTING}`);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

function readSidecar(json: unknown): Sidecar {
  const fields = new Fields(json, 'the file');
  const version = fields.integer('version', 1);
  if (version > SIDECAR_VERSION) throw new Newer(version);
  const structure = fields.has('structure') ? fields.text('structure') : null;
  const planner = fields.has('planner') ? fields.text('planner') : 'dnnfusion';
  const known = PLANNERS.find((name) => name === planner);
  if (!known) throw new Malformed(`'planner' is none of ${PLANNERS.join(', ')}`);
  const overrides = fields.has('overrides')
    ? fields
        .list('overrides', MAX_OVERRIDES)
        .map((item, at) => readOverride(item, `overrides[${at}]`))
    : [];
  const replannedAt = fields.has('replannedAt') ? fields.integer('replannedAt', 0) : 0;
  if (replannedAt > overrides.length) {
    throw new Malformed(
      `'replannedAt' is ${replannedAt}, but there are ${overrides.length} overrides`,
    );
  }
  const dims = fields.has('dims') ? readDims(fields.take('dims')) : {};
  const rewrite = fields.has('rewrite') ? { rewrite: readRewrite(fields.take('rewrite')) } : {};
  const unknown = fields.rest();
  return { structure, planner: known, replannedAt, dims, overrides, ...rewrite, unknown };
}

/** What a later program adds here could change what the plan means: it is refused, not skipped. */
function readRewrite(json: unknown): RewriteSettings {
  const fields = new Fields(json, 'rewrite');
  const flag = (name: 'enabled' | 'fastMath'): boolean =>
    fields.has(name) ? fields.flag(name) : DEFAULT_REWRITES[name];
  const texts = (name: 'offClasses' | 'offRules' | 'offApplications'): readonly string[] =>
    fields.has(name)
      ? fields.list(name, MAX_OVERRIDES).map((item, at) => checkText(item, `${name}[${at}]`))
      : [];
  const settings: RewriteSettings = {
    enabled: flag('enabled'),
    fastMath: flag('fastMath'),
    offClasses: texts('offClasses').map((text) => {
      const known = REWRITE_CLASSES.find((name) => name === text);
      if (!known) throw new Malformed(`'offClasses' names none of ${REWRITE_CLASSES.join(', ')}`);
      return known;
    }),
    offRules: texts('offRules'),
    offApplications: texts('offApplications'),
  };
  const [more] = fields.names();
  if (more !== undefined) throw new Malformed(`'rewrite' has a field that is not known`);
  return settings;
}

function readDims(json: unknown): Readonly<Record<string, number>> {
  const fields = new Fields(json, 'dims');
  const names = fields.names();
  if (names.length > MAX_DIMS) throw new Malformed(`'dims' has more than ${MAX_DIMS} entries`);
  for (const name of names) checkText(name, 'a name in dims');
  // fromEntries defines own properties, so that '__proto__' is a name like any other.
  return Object.fromEntries(names.map((name) => [name, fields.integer(name, 1)]));
}

function readOverride(json: unknown, where: string): OverrideRecord {
  const fields = new Fields(json, where);
  const kind = fields.text('kind');
  switch (kind) {
    case 'fuse':
    case 'cut': {
      const operators = ['a', 'b'].map((end) => readOperator(fields.take(end), `${where}.${end}`));
      return record({ kind, operators }, fields.rest());
    }
    case 'seed':
    case 'noSeed':
      return record(
        { kind, operators: [readOperator(fields.take('op'), `${where}.op`)] },
        fields.rest(),
      );
    case 'pin': {
      const ops = fields.list('ops', MAX_OVERRIDES);
      if (ops.length === 0) throw new Malformed(`'${where}.ops' is empty`);
      const operators = ops.map((op, at) => readOperator(op, `${where}.ops[${at}]`));
      return record({ kind, operators }, fields.rest());
    }
    default:
      throw new Malformed(`'${where}.kind' is none of fuse, cut, seed, noSeed, pin`);
  }
}

/** An object, or only the id in files written by hand. */
function readOperator(json: unknown, where: string): OperatorRecord {
  if (typeof json === 'string') return { id: checkText(json, `'${where}'`) };
  const fields = new Fields(json, where);
  const id = fields.text('id');
  const type = fields.has('type') ? fields.text('type') : undefined;
  const near = fields.has('near') ? fields.text('near') : undefined;
  const rank = fields.has('rank') ? fields.text('rank') : undefined;
  return record(
    {
      id,
      ...(type === undefined ? {} : { type }),
      ...(near === undefined ? {} : { near }),
      ...(rank === undefined ? {} : { rank }),
    },
    fields.rest(),
  );
}

function record<T extends object>(
  value: T,
  unknown: UnknownFields,
): T & { unknown?: UnknownFields } {
  return unknown.size > 0 ? { ...value, unknown } : value;
}

function checkText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Malformed(`${what} is not a text`);
  if (value.length > MAX_TEXT) throw new Malformed(`${what} is longer than ${MAX_TEXT} characters`);
  return value;
}

/** Reads the fields of one JSON object and remembers which ones nobody asked for. */
class Fields {
  private readonly left: Map<string, unknown>;

  constructor(
    json: unknown,
    private readonly where: string,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new Malformed(`${where} is not an object`);
    }
    this.left = new Map(Object.entries(json));
  }

  has(name: string): boolean {
    return this.left.has(name);
  }

  names(): string[] {
    return [...this.left.keys()];
  }

  take(name: string): unknown {
    if (!this.left.has(name)) throw new Malformed(`${this.where} has no '${name}'`);
    const value = this.left.get(name);
    this.left.delete(name);
    return value;
  }

  text(name: string): string {
    return checkText(this.take(name), `'${name}' of ${this.where}`);
  }

  integer(name: string, least: number): number {
    const value = this.take(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
      throw new Malformed(`'${shown}' of ${this.where} is not a whole number of at least ${least}`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== 'boolean') {
      throw new Malformed(`'${name}' of ${this.where} is neither true nor false`);
    }
    return value;
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw new Malformed(`'${name}' of ${this.where} is not a list`);
    if (value.length > most)
      throw new Malformed(`'${name}' of ${this.where} is longer than ${most}`);
    return value as unknown[];
  }

  rest(): UnknownFields {
    return this.left;
  }
}
