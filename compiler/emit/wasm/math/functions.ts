/**
 * Functions on f32 by polynomials, for one value or four. Coefficients are weighted minimax fits made for this
 * file in 40 digits and rounded to f32; the largest errors, measured over all magnitudes, are tested: exp and log
 * 1 ulp, erf 2, expm1 and log1p 3, tanh 5.
 */
import type { Operand } from '../assembler.ts';
import type { Lanes } from './lanes.ts';

/** e^r = 1 + r + r^2 * (...) for |r| <= ln(2)/2. */
const EXP = [0.49999994, 0.16666518, 0.041668422, 0.008369071, 0.0013813918];
/** e^x - 1 = x + x^2 * (...) for |x| <= 0.5. */
const EXPM1 = [0.5, 0.16666667, 0.04166666, 0.008333142, 0.0013889306, 0.00019973598, 2.4790678e-5];
/** ln(1 + f) = f - f^2/2 + f^3 * (...) for 1 + f between the roots of 1/2 and 2. */
const LOG = [
  0.33333313, -0.25000009, 0.20002134, -0.16668072, 0.14219344, -0.12404318, 0.11888292,
  -0.11682447, 0.067542516,
];
/** erf(x) = x * (...) in x^2 for |x| <= 0.95. */
const ERF_NEAR = [
  1.1283792, -0.37612632, 0.11283664, -0.02685773, 0.0051969998, -0.00080981274, 8.1865386e-5,
];
/** ln(1 - erf(t)) for t from 0.94 to 4.05. */
const ERF_FAR = [
  0.0001703776, -1.1294866, -0.63342494, -0.10816197, 0.02501146, -0.0041099046, 0.00041346552,
  -1.7095497e-5, -3.2390918e-7,
];
/** tanh(x) = x * (...) / (...) in x^2 for |x| <= 9.02. */
const TANH_ABOVE = [
  1, 0.13083221, 0.0031030718, 1.1144946e-5, -2.0186494e-8, 5.2588559e-11, -8.4384804e-14,
];
const TANH_BELOW = [1, 0.46416548, 0.024491668, 0.00025448512];

/** ln(2) in two pieces: products of the first with exponents are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440054690583e-4;

export const FUNCTIONS: Readonly<Record<string, (m: Lanes, x: Operand) => Operand>> = {
  exp(m, x) {
    // Beyond these the result is infinite or zero anyway.
    const inside = m.atLeast(m.atMost(x, 89), -104.5);
    const whole = m.f('nearest', m.f('mul', inside, m.float(Math.LOG2E)));
    const high = m.f('sub', inside, m.f('mul', whole, m.float(LN2_HIGH)));
    const rest = m.f('sub', high, m.f('mul', whole, m.float(LN2_LOW)));
    const tail = m.f('mul', m.f('mul', rest, rest), m.polynomial(rest, EXP));
    const sum = m.f('add', m.f('add', tail, rest), m.float(1));
    // 2^whole in two factors, so that subnormal results are rounded once.
    const exponent = m.toInt(whole);
    const half = m.shift('shr_s', exponent, 1);
    return m.f(
      'mul',
      m.f('mul', sum, powerOfTwo(m, half)),
      powerOfTwo(m, m.i('sub', exponent, half)),
    );
  },

  expm1(m, x) {
    const near = m.f('add', x, m.f('mul', m.f('mul', x, x), m.polynomial(x, EXPM1)));
    const far = m.f('sub', m.call('exp', x), m.float(1));
    return m.where(m.f('le', m.f('abs', x), m.float(0.5)), near, far);
  },

  log(m, x) {
    // Subnormal numbers are made normal; their exponent is corrected.
    const small = m.f('lt', x, m.float(2 ** -126));
    const normal = m.where(small, m.f('mul', x, m.float(2 ** 23)), x);
    const correction = m.where(small, m.float(-23), m.float(0));
    // Mantissa between the roots of 1/2 and 2.
    const bits = m.i('sub', m.toBits(normal), m.int(0x3f3504f3));
    const exponent = m.f('add', m.toFloat(m.shift('shr_s', bits, 23)), correction);
    const mantissa = m.fromBits(
      m.i('add', m.bits('and', bits, m.int(0x7fffff)), m.int(0x3f3504f3)),
    );
    const f = m.f('sub', mantissa, m.float(1));
    const square = m.f('mul', f, f);
    const cubic = m.f('mul', m.f('mul', square, f), m.polynomial(f, LOG));
    const low = m.f('add', cubic, m.f('mul', exponent, m.float(LN2_LOW)));
    const halved = m.f('sub', low, m.f('mul', square, m.float(0.5)));
    const sum = m.f('add', m.f('add', halved, f), m.f('mul', exponent, m.float(LN2_HIGH)));
    // Infinity and NaN stay; 0 gives -infinity; what is negative has no logarithm.
    const finite = m.where(m.f('lt', x, m.float(Infinity)), sum, x);
    const edge = m.where(m.f('eq', x, m.float(0)), m.float(-Infinity), finite);
    return m.where(m.f('lt', x, m.float(0)), m.float(Number.NaN), edge);
  },

  log1p(m, x) {
    // Rounding 1 + x loses what the factor x / (u - 1) gives back.
    const u = m.f('add', x, m.float(1));
    const shifted = m.f('sub', u, m.float(1));
    const scaled = m.f('div', m.f('mul', m.call('log', u), x), shifted);
    const tiny = m.where(m.f('eq', shifted, m.float(0)), x, scaled);
    return m.where(m.f('lt', x, m.float(1e30)), tiny, m.call('log', x));
  },

  tanh(m, x) {
    const inside = m.atLeast(m.atMost(x, 9.02), -9.02);
    const square = m.f('mul', inside, inside);
    const above = m.f('mul', inside, m.polynomial(square, TANH_ABOVE));
    const ratio = m.f('div', above, m.polynomial(square, TANH_BELOW));
    return m.atLeast(m.atMost(ratio, 1), -1);
  },

  erf(m, x) {
    const magnitude = m.f('abs', x);
    const near = m.f('mul', x, m.polynomial(m.f('mul', x, x), ERF_NEAR));
    const inside = m.atMost(magnitude, 4.05);
    const complement = m.call('exp', m.polynomial(inside, ERF_FAR));
    const far = m.f('sub', m.float(1), complement);
    const sign = m.bits('and', m.toBits(x), m.int(0x80000000));
    const signed = m.fromBits(m.bits('or', m.toBits(far), sign));
    return m.where(m.f('le', magnitude, m.float(0.95)), near, signed);
  },
};

function powerOfTwo(m: Lanes, exponent: Operand): Operand {
  return m.fromBits(m.shift('shl', m.i('add', exponent, m.int(127)), 23));
}
