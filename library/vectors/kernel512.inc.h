// Integer products with AVX-512. Included by kernel.c, once for each MULADD.

static inline TARGET int32_t NAME(dot8)(const int8_t *row, const int16_t *q, int stride) {
  __m512i a = _mm512_setzero_si512(), b = a;
  for (int j = 0; j < stride; j += 64) {
    a = MULADD(a, _mm512_cvtepi8_epi16(WORDS256(row + j)), WORDS512(q + j));
    b = MULADD(b, _mm512_cvtepi8_epi16(WORDS256(row + j + 32)), WORDS512(q + j + 32));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
}

static TARGET void NAME(products)(int32_t *dst, const int16_t *a, int n, const int16_t *b, int m, int stride) {
  // Four rows of a share each reading of b.
  int i = 0;
  for (; i + 4 <= n; i += 4, a += 4 * (size_t)stride, dst += 4 * (size_t)m) {
    const int16_t *a1 = a + stride, *a2 = a1 + stride, *a3 = a2 + stride;
    for (int j = 0; j < m; j++) {
      const int16_t *y = b + (size_t)j * stride;
      __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
      for (int k = 0; k < stride; k += 32) {
        const __m512i v = WORDS512(y + k);
        s0 = MULADD(s0, WORDS512(a + k), v);
        s1 = MULADD(s1, WORDS512(a1 + k), v);
        s2 = MULADD(s2, WORDS512(a2 + k), v);
        s3 = MULADD(s3, WORDS512(a3 + k), v);
      }
      dst[j] = _mm512_reduce_add_epi32(s0);
      dst[j + m] = _mm512_reduce_add_epi32(s1);
      dst[j + 2 * m] = _mm512_reduce_add_epi32(s2);
      dst[j + 3 * m] = _mm512_reduce_add_epi32(s3);
    }
  }
  for (; i < n; i++, a += stride)
    for (int j = 0; j < m; j++) {
      const int16_t *y = b + (size_t)j * stride;
      __m512i s = _mm512_setzero_si512();
      for (int k = 0; k < stride; k += 32) s = MULADD(s, WORDS512(a + k), WORDS512(y + k));
      *dst++ = _mm512_reduce_add_epi32(s);
    }
}

#undef MULADD
#undef NAME
#undef TARGET
