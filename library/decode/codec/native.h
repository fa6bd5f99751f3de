// What the bindings to libheif, libavif and libjxl share. None of these libraries is needed
// to build: the functions used are declared here and looked up when the program runs, so
// that one program serves machines with and without them.
#ifndef DESCRY_CODEC_NATIVE_H
#define DESCRY_CODEC_NATIVE_H

#include <stddef.h>
#include <stdint.h>

// What went wrong; the numbers are those of the answers in wire.go.
enum {
    codec_ok = 0,
    codec_damaged = 1,
    codec_truncated = 2,
    codec_too_large = 3,
    codec_unsupported = 4,
    codec_missing = 5,
};

// A decoded picture: 8-bit RGBA, not premultiplied unless it says so.
typedef struct {
    int error;
    char message[200];
    uint32_t width, height;
    size_t stride; // bytes a row
    const uint8_t *pixels;
    int premultiplied;
    uint8_t *profile; // ICC
    size_t profile_size;
    int primaries, transfer; // as ITU-T H.273 numbers them; 0: not said
    void *owner;             // of the pixels
    void (*release)(void *owner);
} codec_picture;

// codec_fail fills in an error.
void codec_fail(codec_picture *p, int error, const char *message);

// codec_free releases what a picture holds.
void codec_free(codec_picture *p);

// codec_open loads the first of the libraries in names, which ends with NULL.
void *codec_open(const char *const *names);

// codec_find looks up functions: names ends with NULL, and into receives as many pointers.
// It tells whether all are there.
int codec_find(void *library, const char *const *names, void **into);

// Each loads its library and writes its version; 0 means that it is not there or too old
// or too new. Calling them again is cheap.
int codec_heif_load(char *version, size_t size);
int codec_avif_load(char *version, size_t size);
int codec_jxl_load(char *version, size_t size);

// codec_heif_decodes tells whether libheif, once loaded, has a decoder for HEVC (av1 = 0) or
// AV1 (av1 = 1).
int codec_heif_decodes(int av1);

void codec_heif_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p);
void codec_avif_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p);
void codec_jxl_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p);

#endif
