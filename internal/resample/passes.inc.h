// The passes, written once for every kind of vector unit. Whoever includes this defines:
//   NAME(x)        the name of a function of this kind
//   TARGET         its attributes
//   vec            LANES numbers of 32 bits
//   LANES          4 or 8
//   WIDEN(p)       LANES bytes at p as numbers
//   LOAD(p)        LANES numbers at p
//   SPREAD(w)      one number in all lanes
//   MULADD(a,x,y)  a + x * y
//   PACK(p, v)     the LANES numbers of v without their fraction, limited to bytes, to p
//   FOLD(p, v)     the same with 4 numbers: v's lower half plus its upper half

// ROWS rows are done together: they share the weights, and their sums do not wait for one
// another.
#define ROWS 4

static TARGET void NAME(across)(uint8_t *dst, const uint8_t *src, ptrdiff_t stride, int rows,
                                const int32_t *first, const int32_t *end,
                                const int32_t *quads, int n) {
  const int step = LANES / 4;
  int y = 0;
  for (; y + ROWS <= rows; y += ROWS) {
    const uint8_t *in = src + y * stride;
    uint8_t *out = dst + (size_t)4 * n * y;
    int k = 0;
    for (int i = 0; i < n; i++) {
      const uint8_t *p = in + 4 * (ptrdiff_t)first[i];
      vec a0 = START, a1 = a0, a2 = a0, a3 = a0;
      for (; k + step <= end[i]; k += step, p += LANES) {
        const vec w = LOAD(quads + 4 * (ptrdiff_t)k);
        a0 = MULADD(a0, WIDEN(p), w);
        a1 = MULADD(a1, WIDEN(p + stride), w);
        a2 = MULADD(a2, WIDEN(p + 2 * stride), w);
        a3 = MULADD(a3, WIDEN(p + 3 * stride), w);
      }
      if (LANES == 8 && k < end[i]) {
        const vec w = LOAD_HALF(quads + 4 * (ptrdiff_t)k);
        a0 = MULADD(a0, WIDEN_HALF(p), w);
        a1 = MULADD(a1, WIDEN_HALF(p + stride), w);
        a2 = MULADD(a2, WIDEN_HALF(p + 2 * stride), w);
        a3 = MULADD(a3, WIDEN_HALF(p + 3 * stride), w);
        k++;
      }
      FOLD(out + 4 * i, a0);
      FOLD(out + 4 * ((size_t)n + i), a1);
      FOLD(out + 4 * ((size_t)2 * n + i), a2);
      FOLD(out + 4 * ((size_t)3 * n + i), a3);
    }
  }
  if (y < rows)
    plain_across(dst + (size_t)4 * n * y, src + y * stride, stride, rows - y, first, end, quads, n);
}

static TARGET void NAME(down)(uint8_t *dst, const uint8_t *src, int line, const int32_t *first,
                              const int32_t *end, const int32_t *weights, int n) {
  const int block = 4 * LANES;
  if (line < block) {
    plain_down(dst, src, line, first, end, weights, n);
    return;
  }
  int from = 0;
  for (int i = 0; i < n; i++) {
    for (int x = 0; x < line; x += block) {
      if (x > line - block) x = line - block;  // the last block may overlap the one before
      const uint8_t *p = src + (size_t)line * first[i] + x;
      vec a0 = SPREAD(HALF), a1 = a0, a2 = a0, a3 = a0;
      for (int k = from; k < end[i]; k++, p += line) {
        const vec w = SPREAD(weights[k]);
        a0 = MULADD(a0, WIDEN(p), w);
        a1 = MULADD(a1, WIDEN(p + LANES), w);
        a2 = MULADD(a2, WIDEN(p + 2 * LANES), w);
        a3 = MULADD(a3, WIDEN(p + 3 * LANES), w);
      }
      uint8_t *out = dst + (size_t)line * i + x;
      PACK(out, a0);
      PACK(out + LANES, a1);
      PACK(out + 2 * LANES, a2);
      PACK(out + 3 * LANES, a3);
    }
    from = end[i];
  }
}

#undef ROWS
#undef NAME
#undef TARGET
#undef vec
#undef LANES
#undef WIDEN
#undef WIDEN_HALF
#undef LOAD
#undef LOAD_HALF
#undef SPREAD
#undef START
#undef MULADD
#undef PACK
#undef FOLD
