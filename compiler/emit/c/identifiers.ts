/**
 * Identifiers of one C kernel. Names of loop programs are the compiler's own and identifiers already; some
 * of them mean something in C or in the support code, and those get a tail.
 */

const TAKEN = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int ' +
    'long register restrict return short signed sizeof static struct switch typedef typeof union unsigned ' +
    'void volatile while asm main errno INLINE begin end thread args run buffers sizes scratch code ' +
    'linux unix memcpy ' +
    'int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ' +
    'floor_div floor_mod min_index max_index NAN INFINITY'
  ).split(' '),
);

/** Support functions and vector types: `add_i32x16`, `f32x4u`. */
const SUPPORT = /(^|_)(b?f16|f32|f64|[iu](8|16|32|64)|bool)(x\d+)?u?$/;

export class Identifiers {
  private readonly byName = new Map<string, string>();
  private readonly used = new Set<string>();
  private temporaries = 0;

  /** The C identifier of a name: always the same, different from all others. */
  of(name: string): string {
    let found = this.byName.get(name);
    if (found === undefined) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no identifier`);
      found = this.fresh(name);
      this.byName.set(name, found);
    }
    return found;
  }

  /** `t1`, `t2` … for parts of expressions. */
  temporary(): string {
    return this.fresh(`t${++this.temporaries}`);
  }

  /** A new identifier like this one. */
  fresh(like: string): string {
    let name = like;
    while (
      this.used.has(name) ||
      TAKEN.has(name) ||
      SUPPORT.test(name) ||
      /^(_|fusion_)/.test(name)
    ) {
      name = name.startsWith('_') || name.startsWith('fusion_') ? `v${name}` : `${name}_`;
    }
    this.used.add(name);
    return name;
  }
}
