/**
 * Powers of f32, computed in f64: 2^(y log2 x) with both parts far more exact than f32, so that the result is
 * rounded once. No branches: a loop over lanes becomes vector code.
 */
export const POW_F32 = `/* Special cases as in IEEE 754: 1 to any power and anything to the power 0 are 1. */
INLINE float pow_f32(float base, float exponent) {
  const double magnitude = fabs((double)base);
  /* magnitude = 2^e m, m around 1; log2 m by the series of the inverse hyperbolic tangent. */
  uint64_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  const uint64_t above = bits - UINT64_C(0x3fe6a09e667f3bcd);
  const uint64_t mantissa = (above & UINT64_C(0xfffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd);
  double m;
  memcpy(&m, &mantissa, sizeof m);
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double log2 = z / 15.0 + 1.0 / 13.0;
  log2 = log2 * z + 1.0 / 11.0;
  log2 = log2 * z + 1.0 / 9.0;
  log2 = log2 * z + 1.0 / 7.0;
  log2 = log2 * z + 1.0 / 5.0;
  log2 = log2 * z + 1.0 / 3.0;
  log2 = log2 * z + 1.0;
  log2 = log2 * s * 2.8853900817779268 + (double)(int32_t)((int64_t)above >> 52);
  double power = magnitude == 1.0 ? (exponent != exponent ? exponent : 0.0) : exponent * log2;
  power = power > 200.0 ? 200.0 : power;
  power = power < -200.0 ? -200.0 : power;
  /* 2^power = 2^n 2^f; the large sum rounds to an integer, which its low bits hold. */
  const double shifted = power + 6755399441055744.0;
  const double f = power - (shifted - 6755399441055744.0);
  double p = f * 1.3215486790144307e-6 + 1.5252733804059841e-5;
  p = p * f + 1.5403530393381608e-4;
  p = p * f + 1.3333558146428443e-3;
  p = p * f + 9.6181291076284772e-3;
  p = p * f + 5.5504108664821580e-2;
  p = p * f + 2.4022650695910071e-1;
  p = p * f + 6.9314718055994531e-1;
  p = p * f + 1.0;
  uint64_t scale_bits;
  memcpy(&scale_bits, &shifted, sizeof scale_bits);
  scale_bits = (scale_bits + 1023u) << 52;
  double scale;
  memcpy(&scale, &scale_bits, sizeof scale);
  float result = (float)(p * scale);
  result = magnitude == 0.0 ? (exponent > 0.0f ? 0.0f : INFINITY) : result;
  result = magnitude == INFINITY ? (exponent > 0.0f ? INFINITY : 0.0f) : result;
  result = exponent != exponent ? exponent : result;
  const int whole = truncf(exponent) == exponent;
  const int odd = whole && truncf(exponent * 0.5f) != exponent * 0.5f;
  result = base < 0.0f && base > -INFINITY && !whole ? NAN : result;
  result = odd ? copysignf(result, base) : result;
  result = base != base ? base : result;
  return exponent == 0.0f || base == 1.0f ? 1.0f : result;
}`;
