//go:build unix

// libavif: its structs are read by its callers, and a change of them changes the name of the
// library. The two layouts known here are those of libavif.so.15 (0.11) and libavif.so.16
// (1.0 and later).
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The first fields of avifImage, the same in both; libavif allocates it.
typedef struct {
    uint32_t width, height, depth;
} avif_image;

// avifRGBImage. Version 1.0 put in the number of threads.
typedef struct {
    uint32_t width, height, depth;
    uint32_t format; // RGBA as its defaults have it
    uint32_t upsampling, downsampling;
    int avoid_libyuv, ignore_alpha, premultiplied, is_float;
    union {
        struct {
            uint8_t *pixels;
            uint32_t row_bytes;
        } v15;
        struct {
            int max_threads;
            uint8_t *pixels;
            uint32_t row_bytes;
        } v16;
        uint8_t room[128]; // for what later versions may write
    };
} avif_rgb;

enum {
    avif_unsupported_depth = 6,
    avif_no_codec = 15,
    avif_truncated_data = 20,
    avif_out_of_memory = 26,
};

static struct {
    const char *(*version)(void);
    const char *(*codec_name)(int choice, uint32_t flags);
    void *(*decoder_create)(void);
    void (*decoder_destroy)(void *);
    avif_image *(*image_create)(void);
    void (*image_destroy)(avif_image *);
    int (*read)(void *, avif_image *, const uint8_t *, size_t);
    void (*defaults)(avif_rgb *, const avif_image *);
    int (*to_rgb)(const avif_image *, avif_rgb *);
    const char *(*text)(int);
} avif;

static const char *const avif_names[] = {
    "avifVersion", "avifCodecName", "avifDecoderCreate", "avifDecoderDestroy", "avifImageCreateEmpty", "avifImageDestroy",
    "avifDecoderReadMemory", "avifRGBImageSetDefaults", "avifImageYUVToRGB", "avifResultToString", NULL,
};

static int avif_so; // 15 or 16

int codec_avif_load(char *version, size_t size) {
    static int state; // 0: not tried, 1: there, 2: not there
    static const char *const v16[] = {
        "libavif.so.16", "libavif.16.dylib", "/opt/homebrew/lib/libavif.16.dylib", "/usr/local/lib/libavif.16.dylib", NULL,
    };
    static const char *const v15[] = {"libavif.so.15", "libavif.15.dylib", NULL};
    if (state == 0) {
        avif_so = 16;
        void *library = codec_open(v16);
        if (!library) {
            avif_so = 15;
            library = codec_open(v15);
        }
        state = library && codec_find(library, avif_names, (void **)&avif) ? 1 : 2;
        // Built without a decoder it is of no use; 1 asks for one that decodes.
        if (state == 1 && !avif.codec_name(0, 1)) state = 2;
    }
    if (state == 1) snprintf(version, size, "%s", avif.version());
    return state == 1;
}

static void avif_fail(codec_picture *p, int result) {
    int error = codec_damaged;
    switch (result) {
    case avif_truncated_data: error = codec_truncated; break;
    case avif_unsupported_depth:
    case avif_no_codec: error = codec_unsupported; break;
    case avif_out_of_memory: error = codec_too_large; break;
    }
    codec_fail(p, error, avif.text(result));
}

void codec_avif_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p) {
    uint8_t *pixels = NULL;
    void *decoder = avif.decoder_create();
    avif_image *image = avif.image_create();
    if (!decoder || !image) {
        codec_fail(p, codec_too_large, "no memory for it");
        goto done;
    }
    int result = avif.read(decoder, image, data, size);
    if (result != 0) {
        avif_fail(p, result);
        goto done;
    }
    if (image->width == 0 || image->height == 0 || (uint64_t)image->width * image->height > max_pixels) {
        codec_fail(p, codec_too_large, "");
        goto done;
    }
    avif_rgb rgb;
    memset(&rgb, 0, sizeof rgb);
    avif.defaults(&rgb, image);
    rgb.depth = 8;
    size_t stride = 4 * (size_t)image->width;
    pixels = malloc(stride * image->height);
    if (!pixels) {
        codec_fail(p, codec_too_large, "no memory for it");
        goto done;
    }
    if (avif_so == 15) {
        rgb.v15.pixels = pixels;
        rgb.v15.row_bytes = (uint32_t)stride;
    } else {
        rgb.v16.pixels = pixels;
        rgb.v16.row_bytes = (uint32_t)stride;
    }
    result = avif.to_rgb(image, &rgb);
    if (result != 0) {
        avif_fail(p, result);
        goto done;
    }
    p->width = image->width;
    p->height = image->height;
    p->stride = stride;
    p->pixels = pixels;
    p->owner = pixels;
    p->release = free;
    pixels = NULL;
done:
    free(pixels);
    if (image) avif.image_destroy(image);
    if (decoder) avif.decoder_destroy(decoder);
}
