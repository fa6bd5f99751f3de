// The loops over vectors that cost time, for each kind of vector unit. See kernel.go.
#include <stddef.h>
#include <stdint.h>

enum { DESCRY_PLAIN, DESCRY_AVX2, DESCRY_AVX512, DESCRY_VNNI, DESCRY_NEON, DESCRY_KINDS };

// Best kind that this build has and this processor can run.
int descry_vectors_best(void);

// 1 when this build has it and this processor can run it.
int descry_vectors_can(int kind);

// dst[i] = base + step * (row i · query); -infinity where admit has no bit for i (NULL: all).
// Rows are stride bytes long, a multiple of 64, and the query has as many numbers.
void descry_vectors_near(int kind, float *dst, const int8_t *rows, int stride, int n,
                         const int16_t *query, double base, double step, const uint64_t *admit);

// dst[i] = q · row rows[i] (NULL: row i). Rows are stride float16 long, a multiple of 16, and
// q has as many numbers.
void descry_vectors_exact(int kind, float *dst, const uint16_t *data, int stride,
                          const int32_t *rows, int n, const double *q);

// dst[i * m + j] = row i of a · row j of b, n and m rows of stride numbers, a multiple of 32.
void descry_vectors_products(int kind, int32_t *dst, const int16_t *a, int n, const int16_t *b,
                             int m, int stride);

// Reads the bytes, a multiple of 256, and returns something made of them all.
uint64_t descry_vectors_read(int kind, const void *data, size_t size);
