//go:build cgo && !purejpeg

#include "resample.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// As in resample.go.
#define PRECISION 22
#define HALF (1 << (PRECISION - 1))

static uint8_t clip(int32_t v) {
  v >>= PRECISION;
  return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static void plain_across(uint8_t *dst, const uint8_t *src, ptrdiff_t stride, int rows,
                         const int32_t *first, const int32_t *end, const int32_t *quads, int n) {
  for (int y = 0; y < rows; y++, src += stride) {
    int k = 0;
    for (int i = 0; i < n; i++, dst += 4) {
      const uint8_t *p = src + 4 * (ptrdiff_t)first[i];
      int32_t a[4] = {HALF, HALF, HALF, HALF};
      for (; k < end[i]; k++, p += 4) {
        const int32_t w = quads[4 * (ptrdiff_t)k];
        for (int c = 0; c < 4; c++) a[c] += p[c] * w;
      }
      for (int c = 0; c < 4; c++) dst[c] = clip(a[c]);
    }
  }
}

static void plain_down(uint8_t *dst, const uint8_t *src, int line, const int32_t *first,
                       const int32_t *end, const int32_t *weights, int n) {
  int from = 0;
  for (int i = 0; i < n; i++, dst += line) {
    for (int x = 0; x < line; x++) {
      const uint8_t *p = src + (size_t)line * first[i] + x;
      int32_t a = HALF;
      for (int k = from; k < end[i]; k++, p += line) a += *p * weights[k];
      dst[x] = clip(a);
    }
    from = end[i];
  }
}

#if defined(__x86_64__)

static inline __attribute__((target("sse4.1"))) __m128i widen4(const uint8_t *p) {
  int32_t v;
  memcpy(&v, p, 4);
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(v));
}

static inline __attribute__((target("sse4.1"))) void pack4(uint8_t *p, __m128i v) {
  v = _mm_srai_epi32(v, PRECISION);
  v = _mm_packs_epi32(v, v);
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(v, v));
  memcpy(p, &bytes, 4);
}

#define NAME(x) sse41_##x
#define TARGET __attribute__((target("sse4.1")))
#define vec __m128i
#define LANES 4
#define WIDEN(p) widen4(p)
#define WIDEN_HALF(p) widen4(p)
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define LOAD_HALF(p) LOAD(p)
#define SPREAD(w) _mm_set1_epi32(w)
#define START SPREAD(HALF)
#define MULADD(a, x, y) _mm_add_epi32(a, _mm_mullo_epi32(x, y))
#define PACK(p, v) pack4(p, v)
#define FOLD(p, v) pack4(p, v)
#include "passes.inc.h"

// Windows does not keep the stack aligned for 32-byte vectors that GCC puts there.
#if !defined(_WIN32)
#define HAVE_AVX2

static inline __attribute__((target("avx2"))) __m128i fold8(__m256i v) {
  return _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

static inline __attribute__((target("avx2"))) void pack8(uint8_t *p, __m256i v) {
  v = _mm256_srai_epi32(v, PRECISION);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
}

#define NAME(x) avx2_##x
#define TARGET __attribute__((target("avx2")))
#define vec __m256i
#define LANES 8
#define WIDEN(p) _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p)))
#define WIDEN_HALF(p) _mm256_zextsi128_si256(widen4(p))
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define LOAD_HALF(p) _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)(p)))
#define SPREAD(w) _mm256_set1_epi32(w)
#define START _mm256_zextsi128_si256(_mm_set1_epi32(HALF))
#define MULADD(a, x, y) _mm256_add_epi32(a, _mm256_mullo_epi32(x, y))
#define PACK(p, v) pack8(p, v)
#define FOLD(p, v) pack4(p, fold8(v))
#include "passes.inc.h"
#endif

#elif defined(__aarch64__)

static inline int32x4_t widen4(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(v));
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}

static inline void pack4(uint8_t *p, int32x4_t v) {
  const uint16x4_t words = vqmovun_s32(vshrq_n_s32(v, PRECISION));
  const uint8x8_t bytes = vqmovn_u16(vcombine_u16(words, words));
  vst1_lane_u32((uint32_t *)(void *)p, vreinterpret_u32_u8(bytes), 0);
}

#define NAME(x) neon_##x
#define TARGET
#define vec int32x4_t
#define LANES 4
#define WIDEN(p) widen4(p)
#define WIDEN_HALF(p) widen4(p)
#define LOAD(p) vld1q_s32(p)
#define LOAD_HALF(p) LOAD(p)
#define SPREAD(w) vdupq_n_s32(w)
#define START SPREAD(HALF)
#define MULADD(a, x, y) vmlaq_s32(a, x, y)
#define PACK(p, v) pack4(p, v)
#define FOLD(p, v) pack4(p, v)
#include "passes.inc.h"

#endif

int descry_resample_can(int kind) {
  switch (kind) {
    case DESCRY_PLAIN:
      return 1;
#if defined(__x86_64__)
    case DESCRY_SSE41:
      return __builtin_cpu_supports("sse4.1") != 0;
#if defined(HAVE_AVX2)
    case DESCRY_AVX2:
      return __builtin_cpu_supports("avx2") != 0;
#endif
#elif defined(__aarch64__)
    case DESCRY_NEON:
      return 1;
#endif
  }
  return 0;
}

int descry_resample_best(void) {
  int kind = DESCRY_KINDS - 1;
  while (!descry_resample_can(kind)) kind--;
  return kind;
}

void descry_resample_across(int kind, uint8_t *dst, const uint8_t *src, ptrdiff_t stride,
                            int rows, const int32_t *first, const int32_t *end,
                            const int32_t *quads, int n) {
  switch (kind) {
#if defined(__x86_64__)
    case DESCRY_SSE41:
      sse41_across(dst, src, stride, rows, first, end, quads, n);
      return;
#if defined(HAVE_AVX2)
    case DESCRY_AVX2:
      avx2_across(dst, src, stride, rows, first, end, quads, n);
      return;
#endif
#elif defined(__aarch64__)
    case DESCRY_NEON:
      neon_across(dst, src, stride, rows, first, end, quads, n);
      return;
#endif
  }
  plain_across(dst, src, stride, rows, first, end, quads, n);
}

void descry_resample_down(int kind, uint8_t *dst, const uint8_t *src, int line,
                          const int32_t *first, const int32_t *end,
                          const int32_t *weights, int n) {
  switch (kind) {
#if defined(__x86_64__)
    case DESCRY_SSE41:
      sse41_down(dst, src, line, first, end, weights, n);
      return;
#if defined(HAVE_AVX2)
    case DESCRY_AVX2:
      avx2_down(dst, src, line, first, end, weights, n);
      return;
#endif
#elif defined(__aarch64__)
    case DESCRY_NEON:
      neon_down(dst, src, line, first, end, weights, n);
      return;
#endif
  }
  plain_down(dst, src, line, first, end, weights, n);
}
