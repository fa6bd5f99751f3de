// The two passes of a resize, for each kind of vector unit. See resample.go.
#include <stddef.h>
#include <stdint.h>

enum { DESCRY_PLAIN, DESCRY_SSE41, DESCRY_AVX2, DESCRY_NEON, DESCRY_KINDS };

// Best kind that this build has and this processor can run.
int descry_resample_best(void);

// 1 when this build has it and this processor can run it.
int descry_resample_can(int kind);

// quads holds every weight four times, once a channel.
void descry_resample_across(int kind, uint8_t *dst, const uint8_t *src, ptrdiff_t stride,
                            int rows, const int32_t *first, const int32_t *end,
                            const int32_t *quads, int n);

void descry_resample_down(int kind, uint8_t *dst, const uint8_t *src, int line,
                          const int32_t *first, const int32_t *end,
                          const int32_t *weights, int n);
