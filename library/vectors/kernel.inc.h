// The loops over rows. Included by kernel.c, once for each kind of vector unit.

static TARGET void NAME(near)(float *dst, const int8_t *rows, int stride, int n, const int16_t *query, double base,
                              double step, const uint64_t *admit) {
  if (!admit) {
    for (int i = 0; i < n; i++) dst[i] = (float)(base + step * NAME(dot8)(rows + (size_t)i * stride, query, stride));
    return;
  }
  for (int from = 0; from < n; from += 64) {
    const int to = n - from < 64 ? n : from + 64;
    uint64_t bits = admit[from / 64];
    if (to - from < 64) bits &= (UINT64_C(1) << (to - from)) - 1;
    if (__builtin_popcountll(bits) > MANY) {
      // One row after the other is read faster than one row in two.
      for (int i = from; i < to; i++) {
        const float f = (float)(base + step * NAME(dot8)(rows + (size_t)i * stride, query, stride));
        dst[i] = bits >> (i - from) & 1 ? f : -INFINITY;
      }
      continue;
    }
    for (int i = from; i < to; i++) dst[i] = -INFINITY;
    if (!bits) continue;
    uint64_t soon = bits;
    for (int k = 0; k < AHEAD && soon; k++, soon &= soon - 1)
      ask(rows + (size_t)(from + __builtin_ctzll(soon)) * stride, stride);
    for (; bits; bits &= bits - 1, soon &= soon - 1) {
      if (soon) ask(rows + (size_t)(from + __builtin_ctzll(soon)) * stride, stride);
      const int i = from + __builtin_ctzll(bits);
      dst[i] = (float)(base + step * NAME(dot8)(rows + (size_t)i * stride, query, stride));
    }
  }
}

#if !defined(vnni_dot16)
static TARGET void NAME(exact)(float *dst, const uint16_t *data, int stride, const int32_t *rows, int n,
                               const double *q) {
  for (int i = 0; i < n; i++) {
    if (rows && i + 4 < n) ask((const int8_t *)(data + (size_t)rows[i + 4] * stride), 2 * stride);
    dst[i] = (float)NAME(dot16)(data + (size_t)(rows ? rows[i] : i) * stride, q, stride);
  }
}
#endif

#undef NAME
#undef TARGET
