/**
 * Names from model files are untrusted text of any length. Values keep theirs, but very long ones are
 * shortened to a prefix and a hash (the same in every session), so that ids stay small when subgraphs and
 * functions chain them.
 */
import { oneLine } from '../diagnostics.ts';

const LONGEST_NAME = 512;
const KEPT_PREFIX = 200;

/** The name itself, or a shorter one that stands for it. */
export function boundedName(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  return `${name.slice(0, KEPT_PREFIX)}…${hash(name)}`;
}

/** `path/name`, or just the name at the top level. */
export function joinPath(path: string, name: string): string {
  return path === '' ? boundedName(name) : boundedName(`${path}/${name}`);
}

/** Adds '#2', '#3' … until the name is new, and remembers it. */
export class UniqueNames {
  private readonly used = new Set<string>();
  private readonly next = new Map<string, number>();

  has(name: string): boolean {
    return this.used.has(name);
  }

  take(name: string): string {
    let result = name;
    if (this.used.has(name)) {
      let count = this.next.get(name) ?? 2;
      while (this.used.has(`${name}#${count}`)) count++;
      this.next.set(name, count + 1);
      result = `${name}#${count}`;
    }
    this.used.add(result);
    return result;
  }
}

/** 64 bits in hexadecimal from two FNV-1a passes with different starts. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 16777619);
    b = Math.imul(b ^ code, 16777619) + i;
  }
  return ((a >>> 0).toString(16) + (b >>> 0).toString(16)).padStart(16, '0');
}

/** Untrusted text inside a message: one line, no control characters, at most 100 characters. */
export function shown(text: string): string {
  const clean = oneLine(text);
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean;
}

export function quoted(text: string): string {
  return `"${shown(text)}"`;
}
