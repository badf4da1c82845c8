/** What stands at the top of every OpenCL program: C's type names and constants, so that support functions serve both. */

export const PREAMBLE = `typedef char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef uchar uint8_t;
typedef ushort uint16_t;
typedef uint uint32_t;
typedef ulong uint64_t;
#define INT64_C(value) (value##L)
#define UINT64_C(value) (value##UL)
#define INT8_MIN CHAR_MIN
#define INT8_MAX CHAR_MAX
#define UINT8_MAX UCHAR_MAX
#define INT16_MIN SHRT_MIN
#define INT16_MAX SHRT_MAX
#define UINT16_MAX USHRT_MAX
#define INT32_MIN INT_MIN
#define INT32_MAX INT_MAX
#define UINT32_MAX UINT_MAX
#define INT64_MIN LONG_MIN
#define INT64_MAX LONG_MAX
#define UINT64_MAX ULONG_MAX
#define INLINE static inline
/* A word of OpenCL that C leaves free. */
#define half half_
#define fabsf fabs
#define ceilf ceil
#define floorf floor
#define truncf trunc
#define rintf rint
#define sqrtf sqrt
#define fmodf fmod
#define copysignf copysign`;

/** Only where double occurs: many GPUs have none. */
export const DOUBLES = '#pragma OPENCL EXTENSION cl_khr_fp64 : enable';

const SCALARS: Readonly<Record<string, string>> = {
  f32: 'float',
  f64: 'double',
  i8: 'char',
  i16: 'short',
  i32: 'int',
  i64: 'long',
  u8: 'uchar',
  u16: 'ushort',
  u32: 'uint',
  u64: 'ulong',
};

/** Declarations of the vector types that the text names: OpenCL's own under the names of C's. */
export function vectorTypes(text: string): readonly string[] {
  const names = new Set(text.match(/\b[fiu](?:8|16|32|64)x\d+\b/g));
  return [...names].sort().map((name) => {
    const [, type = '', lanes = ''] = /^([fiu]\d+)x(\d+)$/.exec(name) ?? [];
    if (!WIDTHS.has(Number(lanes))) throw new Error(`OpenCL has no vectors of ${lanes} lanes`);
    return `typedef ${SCALARS[type]}${lanes} ${name};`;
  });
}

const WIDTHS = new Set([2, 4, 8, 16]);

/** OpenCL's name of an element type, for built-in conversions. */
export function elementName(type: string): string {
  return SCALARS[type] ?? 'uchar';
}
