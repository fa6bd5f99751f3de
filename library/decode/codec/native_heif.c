//go:build unix

// libheif: all its types but two are opaque, and its interface has grown without breaking
// since version 1.3, under one name.
#include "native.h"

#include <stdio.h>
#include <string.h>

struct heif_error {
    int code;
    int subcode;
    const char *message;
};

enum {
    heif_unsupported_filetype = 3,
    heif_unsupported_feature = 4,
    heif_memory = 6,
    heif_end_of_data = 100, // a subcode
    heif_colorspace_rgb = 1,
    heif_chroma_interleaved_rgba = 11,
    heif_channel_interleaved = 10,
    heif_compression_hevc = 1,
    heif_compression_av1 = 4,
};

// The first fields of its options, as of version 2 of that struct; libheif allocates it.
struct heif_decoding_options {
    uint8_t version;
    uint8_t ignore_transformations;
    void *progress[4];
    uint8_t convert_hdr_to_8bit;
};

static struct {
    const char *(*get_version)(void);
    int (*have_decoder)(int compression);
    void *(*context_alloc)(void);
    void (*context_free)(void *);
    struct heif_error (*read)(void *, const void *, size_t, const void *);
    struct heif_error (*primary)(void *, void **);
    void (*handle_release)(const void *);
    int (*width)(const void *);
    int (*height)(const void *);
    void *(*options_alloc)(void);
    void (*options_free)(void *);
    struct heif_error (*decode)(const void *, void **, int, int, const void *);
    const uint8_t *(*plane)(const void *, int, int *);
    int (*image_width)(const void *, int);
    int (*image_height)(const void *, int);
    void (*image_release)(const void *);
} heif;

static const char *const heif_names[] = {
    "heif_get_version", "heif_have_decoder_for_format",
    "heif_context_alloc", "heif_context_free",
    "heif_context_read_from_memory_without_copy", "heif_context_get_primary_image_handle",
    "heif_image_handle_release", "heif_image_handle_get_width", "heif_image_handle_get_height",
    "heif_decoding_options_alloc", "heif_decoding_options_free", "heif_decode_image",
    "heif_image_get_plane_readonly", "heif_image_get_width", "heif_image_get_height",
    "heif_image_release", NULL,
};

// Newer functions, which older versions do without.
static void (*heif_set_threads)(void *, int);
static int (*heif_premultiplied)(const void *);

int codec_heif_load(char *version, size_t size) {
    static int state; // 0: not tried, 1: there, 2: not there
    static const char *const names[] = {
        "libheif.so.1", "libheif.1.dylib", "/opt/homebrew/lib/libheif.1.dylib", "/usr/local/lib/libheif.1.dylib", NULL,
    };
    if (state == 0) {
        void *library = codec_open(names);
        state = library && codec_find(library, heif_names, (void **)&heif) ? 1 : 2;
        if (state == 1) {
            const char *const threads[] = {"heif_context_set_max_decoding_threads", NULL};
            const char *const premultiplied[] = {"heif_image_handle_is_premultiplied_alpha", NULL};
            codec_find(library, threads, (void **)&heif_set_threads);
            codec_find(library, premultiplied, (void **)&heif_premultiplied);
        }
    }
    if (state == 1) snprintf(version, size, "%s", heif.get_version());
    return state == 1;
}

int codec_heif_decodes(int av1) {
    return heif.have_decoder(av1 ? heif_compression_av1 : heif_compression_hevc);
}

// heif_failed takes over an error, if it is one.
static int heif_failed(codec_picture *p, struct heif_error e) {
    if (e.code == 0) return 0;
    int error = codec_damaged;
    if (e.code == heif_memory) {
        error = codec_too_large;
    } else if (e.code == heif_unsupported_filetype || e.code == heif_unsupported_feature) {
        error = codec_unsupported;
    } else if (e.subcode == heif_end_of_data) {
        error = codec_truncated;
    }
    codec_fail(p, error, e.message);
    return 1;
}

static void heif_let_go(void *image) { heif.image_release(image); }

void codec_heif_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p) {
    void *handle = NULL, *options = NULL, *image = NULL;
    void *context = heif.context_alloc();
    if (!context) {
        codec_fail(p, codec_too_large, "no memory for it");
        return;
    }
    if (heif_failed(p, heif.read(context, data, size, NULL)) || heif_failed(p, heif.primary(context, &handle))) goto done;
    if ((uint64_t)heif.width(handle) * (uint64_t)heif.height(handle) > max_pixels) {
        codec_fail(p, codec_too_large, "");
        goto done;
    }
    // One thread a process: the processes share the cores.
    if (heif_set_threads) heif_set_threads(context, 0);
    options = heif.options_alloc();
    if (!options) {
        codec_fail(p, codec_too_large, "no memory for it");
        goto done;
    }
    if (((struct heif_decoding_options *)options)->version >= 2) ((struct heif_decoding_options *)options)->convert_hdr_to_8bit = 1;
    if (heif_failed(p, heif.decode(handle, &image, heif_colorspace_rgb, heif_chroma_interleaved_rgba, options))) goto done;
    int stride = 0;
    const uint8_t *pixels = heif.plane(image, heif_channel_interleaved, &stride);
    int width = heif.image_width(image, heif_channel_interleaved), height = heif.image_height(image, heif_channel_interleaved);
    if (!pixels || width <= 0 || height <= 0 || stride < 4 * width || (uint64_t)width * (uint64_t)height > max_pixels) {
        heif.image_release(image);
        codec_fail(p, codec_damaged, "it gave no pixels");
        goto done;
    }
    p->width = (uint32_t)width;
    p->height = (uint32_t)height;
    p->stride = (size_t)stride;
    p->pixels = pixels;
    p->premultiplied = heif_premultiplied && heif_premultiplied(handle);
    p->owner = image;
    p->release = heif_let_go;
done:
    if (options) heif.options_free(options);
    if (handle) heif.handle_release(handle);
    heif.context_free(context);
}
