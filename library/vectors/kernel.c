//go:build cgo && !purego

#include "kernel.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// How many rows ahead memory is asked for where rows are left out: the processor foresees
// only rows that follow each other.
#define AHEAD 6

// Of how many of 64 rows on all are read.
#define MANY 20

static inline void ask(const int8_t *row, int stride) {
  for (int j = 0; j < stride; j += 64) __builtin_prefetch(row + j);
}

static float value(uint16_t h) {
  uint32_t bits = (uint32_t)(h & 0x7FFF) << 13;
  float f;
  memcpy(&f, &bits, 4);
  f *= 0x1p112f;  // the difference of the exponents' biases; exact, for subnormal numbers, too
  return h & 0x8000 ? -f : f;
}

static int32_t plain_dot8(const int8_t *row, const int16_t *q, int stride) {
  int32_t a = 0;
  for (int j = 0; j < stride; j++) a += row[j] * q[j];
  return a;
}

static double fold(const double a[16]) {
  double b[8];
  for (int l = 0; l < 8; l++) b[l] = a[l] + a[l + 8];
  for (int l = 0; l < 4; l++) b[l] += b[l + 4];
  return (b[0] + b[2]) + (b[1] + b[3]);
}

static double plain_dot16(const uint16_t *row, const double *q, int stride) {
  double a[16] = {0};
  for (int j = 0; j < stride; j += 16)
    for (int l = 0; l < 16; l++) a[l] += q[j + l] * value(row[j + l]);
  return fold(a);
}

static void plain_products(int32_t *dst, const int16_t *a, int n, const int16_t *b, int m, int stride) {
  for (int i = 0; i < n; i++, a += stride)
    for (int j = 0; j < m; j++) {
      const int16_t *y = b + (size_t)j * stride;
      int32_t sum = 0;
      for (int k = 0; k < stride; k++) sum += a[k] * y[k];
      *dst++ = sum;
    }
}

static uint64_t plain_read(const void *data, size_t size) {
  const uint64_t *p = data;
  uint64_t a = 0, b = 0, c = 0, d = 0;
  for (size_t i = 0; i < size / 8; i += 4) a ^= p[i], b ^= p[i + 1], c ^= p[i + 2], d ^= p[i + 3];
  return a ^ b ^ c ^ d;
}

#define NAME(x) plain_##x
#define TARGET
#include "kernel.inc.h"

// Windows does not keep the stack aligned for 32-byte vectors that GCC puts there.
#if defined(__x86_64__) && !defined(_WIN32)
#define HAVE_AVX

#define AVX2 __attribute__((target("avx2,f16c,fma")))
#define AVX512 __attribute__((target("avx2,f16c,fma,avx512f,avx512bw")))
#define VNNI __attribute__((target("avx2,f16c,fma,avx512f,avx512bw,avx512vnni")))

#define WORDS256(p) _mm256_loadu_si256((const __m256i *)(p))
#define WORDS512(p) _mm512_loadu_si512((const void *)(p))

static inline AVX2 int32_t sum256(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
  return _mm_cvtsi128_si32(s);
}

static inline AVX2 int32_t avx2_dot8(const int8_t *row, const int16_t *q, int stride) {
  __m256i a = _mm256_setzero_si256(), b = a;
  for (int j = 0; j < stride; j += 32) {
    const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + j)));
    const __m256i y = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + j + 16)));
    a = _mm256_add_epi32(a, _mm256_madd_epi16(x, WORDS256(q + j)));
    b = _mm256_add_epi32(b, _mm256_madd_epi16(y, WORDS256(q + j + 16)));
  }
  return sum256(_mm256_add_epi32(a, b));
}

static inline AVX2 double avx2_dot16(const uint16_t *row, const double *q, int stride) {
  __m256d a[4];
  for (int l = 0; l < 4; l++) a[l] = _mm256_setzero_pd();
  for (int j = 0; j < stride; j += 16) {
    for (int l = 0; l < 4; l++) {
      const __m128 x = _mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(row + j + 4 * l)));
      a[l] = _mm256_fmadd_pd(_mm256_cvtps_pd(x), _mm256_loadu_pd(q + j + 4 * l), a[l]);
    }
  }
  const __m256d s = _mm256_add_pd(_mm256_add_pd(a[0], a[2]), _mm256_add_pd(a[1], a[3]));
  const __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

static AVX2 void avx2_products(int32_t *dst, const int16_t *a, int n, const int16_t *b, int m, int stride) {
  for (int i = 0; i < n; i++, a += stride)
    for (int j = 0; j < m; j++) {
      const int16_t *y = b + (size_t)j * stride;
      __m256i s = _mm256_setzero_si256(), t = s;
      for (int k = 0; k < stride; k += 32) {
        s = _mm256_add_epi32(s, _mm256_madd_epi16(WORDS256(a + k), WORDS256(y + k)));
        t = _mm256_add_epi32(t, _mm256_madd_epi16(WORDS256(a + k + 16), WORDS256(y + k + 16)));
      }
      *dst++ = sum256(_mm256_add_epi32(s, t));
    }
}

static AVX2 uint64_t avx2_read(const void *data, size_t size) {
  const __m256i *p = data;
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (size_t i = 0; i < size / 32; i += 4) {
    a = _mm256_xor_si256(a, _mm256_loadu_si256(p + i));
    b = _mm256_xor_si256(b, _mm256_loadu_si256(p + i + 1));
    c = _mm256_xor_si256(c, _mm256_loadu_si256(p + i + 2));
    d = _mm256_xor_si256(d, _mm256_loadu_si256(p + i + 3));
  }
  uint64_t w[4];
  _mm256_storeu_si256((__m256i *)w, _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d)));
  return w[0] ^ w[1] ^ w[2] ^ w[3];
}

static inline AVX512 double avx512_dot16(const uint16_t *row, const double *q, int stride) {
  __m512d a = _mm512_setzero_pd(), b = a;
  for (int j = 0; j < stride; j += 16) {
    const __m512 x = _mm512_cvtph_ps(WORDS256(row + j));
    const __m512d lo = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
    const __m512d hi = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1)));
    a = _mm512_fmadd_pd(lo, _mm512_loadu_pd(q + j), a);
    b = _mm512_fmadd_pd(hi, _mm512_loadu_pd(q + j + 8), b);
  }
  const __m512d c = _mm512_add_pd(a, b);
  const __m256d s = _mm256_add_pd(_mm512_castpd512_pd256(c), _mm512_extractf64x4_pd(c, 1));
  const __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}

static AVX512 uint64_t avx512_read(const void *data, size_t size) {
  const char *p = data;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (size_t i = 0; i < size; i += 256) {
    a = _mm512_xor_si512(a, WORDS512(p + i));
    b = _mm512_xor_si512(b, WORDS512(p + i + 64));
    c = _mm512_xor_si512(c, WORDS512(p + i + 128));
    d = _mm512_xor_si512(d, WORDS512(p + i + 192));
  }
  uint64_t w[8];
  _mm512_storeu_si512(w, _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d)));
  return w[0] ^ w[1] ^ w[2] ^ w[3] ^ w[4] ^ w[5] ^ w[6] ^ w[7];
}

// The integer products, with VNNI's instruction for multiply and add or with two.
#define MULADD(acc, x, y) _mm512_add_epi32(acc, _mm512_madd_epi16(x, y))
#define NAME(x) avx512_##x
#define TARGET AVX512
#include "kernel512.inc.h"

#define MULADD(acc, x, y) _mm512_dpwssd_epi32(acc, x, y)
#define NAME(x) vnni_##x
#define TARGET VNNI
#include "kernel512.inc.h"

#define NAME(x) avx2_##x
#define TARGET AVX2
#include "kernel.inc.h"

#define NAME(x) avx512_##x
#define TARGET AVX512
#include "kernel.inc.h"

#define vnni_dot16 avx512_dot16
#define NAME(x) vnni_##x
#define TARGET VNNI
#include "kernel.inc.h"

#elif defined(__aarch64__)

static inline int32_t neon_dot8(const int8_t *row, const int16_t *q, int stride) {
  int32x4_t a = vdupq_n_s32(0), b = a;
  for (int j = 0; j < stride; j += 16) {
    const int8x16_t x = vld1q_s8(row + j);
    const int16x8_t lo = vmovl_s8(vget_low_s8(x)), hi = vmovl_s8(vget_high_s8(x));
    const int16x8_t ql = vld1q_s16(q + j), qh = vld1q_s16(q + j + 8);
    a = vmlal_s16(a, vget_low_s16(lo), vget_low_s16(ql));
    b = vmlal_s16(b, vget_high_s16(lo), vget_high_s16(ql));
    a = vmlal_s16(a, vget_low_s16(hi), vget_low_s16(qh));
    b = vmlal_s16(b, vget_high_s16(hi), vget_high_s16(qh));
  }
  return vaddvq_s32(vaddq_s32(a, b));
}

static inline double neon_dot16(const uint16_t *row, const double *q, int stride) {
  float64x2_t a[8];
  for (int l = 0; l < 8; l++) a[l] = vdupq_n_f64(0);
  for (int j = 0; j < stride; j += 16) {
    for (int l = 0; l < 8; l += 2) {
      const float32x4_t x = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(row + j + 2 * l)));
      a[l] = vfmaq_f64(a[l], vcvt_f64_f32(vget_low_f32(x)), vld1q_f64(q + j + 2 * l));
      a[l + 1] = vfmaq_f64(a[l + 1], vcvt_high_f64_f32(x), vld1q_f64(q + j + 2 * l + 2));
    }
  }
  double s[16];
  for (int l = 0; l < 8; l++) vst1q_f64(s + 2 * l, a[l]);
  return fold(s);
}

static void neon_products(int32_t *dst, const int16_t *a, int n, const int16_t *b, int m, int stride) {
  for (int i = 0; i < n; i++, a += stride)
    for (int j = 0; j < m; j++) {
      const int16_t *y = b + (size_t)j * stride;
      int32x4_t s = vdupq_n_s32(0), t = s;
      for (int k = 0; k < stride; k += 8) {
        const int16x8_t u = vld1q_s16(a + k), v = vld1q_s16(y + k);
        s = vmlal_s16(s, vget_low_s16(u), vget_low_s16(v));
        t = vmlal_s16(t, vget_high_s16(u), vget_high_s16(v));
      }
      *dst++ = vaddvq_s32(vaddq_s32(s, t));
    }
}

static uint64_t neon_read(const void *data, size_t size) {
  const uint64_t *p = data;
  uint64x2_t a = vdupq_n_u64(0), b = a, c = a, d = a;
  for (size_t i = 0; i < size / 8; i += 8) {
    a = veorq_u64(a, vld1q_u64(p + i));
    b = veorq_u64(b, vld1q_u64(p + i + 2));
    c = veorq_u64(c, vld1q_u64(p + i + 4));
    d = veorq_u64(d, vld1q_u64(p + i + 6));
  }
  const uint64x2_t e = veorq_u64(veorq_u64(a, b), veorq_u64(c, d));
  return vgetq_lane_u64(e, 0) ^ vgetq_lane_u64(e, 1);
}

#define NAME(x) neon_##x
#define TARGET
#include "kernel.inc.h"

#endif

int descry_vectors_can(int kind) {
  switch (kind) {
    case DESCRY_PLAIN:
      return 1;
#if defined(HAVE_AVX)
    case DESCRY_AVX2: {
      unsigned a, b, c = 0, d;
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __get_cpuid(1, &a, &b, &c, &d) &&
             (c >> 29 & 1);  // F16C
    }
    case DESCRY_AVX512:
      return descry_vectors_can(DESCRY_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    case DESCRY_VNNI:
      return descry_vectors_can(DESCRY_AVX512) && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case DESCRY_NEON:
      return 1;
#endif
  }
  return 0;
}

int descry_vectors_best(void) {
  int best = DESCRY_PLAIN;
  for (int kind = 0; kind < DESCRY_KINDS; kind++)
    if (descry_vectors_can(kind)) best = kind;
  return best;
}

#if defined(HAVE_AVX)
#define DISPATCH(f, ...)                                     \
  switch (kind) {                                            \
    case DESCRY_AVX2: return avx2_##f(__VA_ARGS__);          \
    case DESCRY_AVX512: return avx512_##f(__VA_ARGS__);      \
    case DESCRY_VNNI: return vnni_##f(__VA_ARGS__);          \
  }                                                          \
  return plain_##f(__VA_ARGS__);
#define vnni_read avx512_read
#define vnni_exact avx512_exact
#elif defined(__aarch64__)
#define DISPATCH(f, ...)                                     \
  if (kind == DESCRY_NEON) return neon_##f(__VA_ARGS__);     \
  return plain_##f(__VA_ARGS__);
#else
#define DISPATCH(f, ...) return plain_##f(__VA_ARGS__);
#endif

void descry_vectors_near(int kind, float *dst, const int8_t *rows, int stride, int n,
                         const int16_t *query, double base, double step, const uint64_t *admit) {
  DISPATCH(near, dst, rows, stride, n, query, base, step, admit)
}

void descry_vectors_exact(int kind, float *dst, const uint16_t *data, int stride,
                          const int32_t *rows, int n, const double *q) {
  DISPATCH(exact, dst, data, stride, rows, n, q)
}

void descry_vectors_products(int kind, int32_t *dst, const int16_t *a, int n, const int16_t *b,
                             int m, int stride) {
  DISPATCH(products, dst, a, n, b, m, stride)
}

uint64_t descry_vectors_read(int kind, const void *data, size_t size) { DISPATCH(read, data, size) }
