//go:build unix

// libjxl: its decoder is opaque; the two structs that are read have not changed from version
// 0.7 to 0.11, each of which has its own library name.
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int have_container;
    uint32_t width, height; // upright, unless asked otherwise
    uint32_t bits, exponent_bits;
    float intensity_target, min_nits;
    int relative_to_max_display;
    float linear_below;
    int uses_original_profile, have_preview, have_animation, orientation;
    uint32_t colour_channels, extra_channels, alpha_bits, alpha_exponent_bits;
    int alpha_premultiplied;
    uint8_t room[512]; // for the rest
} jxl_info;

typedef struct {
    int space, white;
    double white_xy[2];
    int primaries;
    double primaries_xy[6];
    int transfer;
    double gamma;
    int intent;
    uint8_t room[128];
} jxl_colour;

typedef struct {
    uint32_t channels;
    int type, endianness;
    size_t align;
} jxl_format;

enum {
    jxl_success = 0,
    jxl_error = 1,
    jxl_need_input = 2,
    jxl_need_image_buffer = 5,
    jxl_basic_info = 0x40,
    jxl_colour_encoding = 0x100,
    jxl_full_image = 0x1000,
    jxl_uint8 = 2,
    jxl_profile_of_data = 1, // not the original's, but of what is decoded
    jxl_space_rgb = 0,
    jxl_space_grey = 1,
    jxl_white_d65 = 1,
    jxl_primaries_p3 = 11,
    jxl_max_profile = 8 << 20,
};

static struct {
    uint32_t (*version)(void);
    void *(*create)(const void *);
    void (*destroy)(void *);
    int (*subscribe)(void *, int);
    int (*input)(void *, const uint8_t *, size_t);
    void (*close_input)(void *);
    int (*process)(void *);
    int (*info)(const void *, jxl_info *);
    int (*buffer_size)(const void *, const jxl_format *, size_t *);
    int (*buffer)(void *, const jxl_format *, void *, size_t);
} jxl;

static const char *const jxl_names[] = {
    "JxlDecoderVersion", "JxlDecoderCreate", "JxlDecoderDestroy", "JxlDecoderSubscribeEvents", "JxlDecoderSetInput",
    "JxlDecoderCloseInput", "JxlDecoderProcessInput", "JxlDecoderGetBasicInfo", "JxlDecoderImageOutBufferSize",
    "JxlDecoderSetImageOutBuffer", NULL,
};

// These lost an unused parameter in version 0.9.
static struct {
    void *encoded, *size, *profile;
} jxl_profile;

static const char *const jxl_profile_names[] = {
    "JxlDecoderGetColorAsEncodedProfile", "JxlDecoderGetICCProfileSize", "JxlDecoderGetColorAsICCProfile", NULL,
};

static int (*jxl_unpremultiply)(void *, int);

int codec_jxl_load(char *version, size_t size) {
    static int state; // 0: not tried, 1: there, 2: not there
    static const char *const names[] = {
        "libjxl.so.0.11", "libjxl.so.0.10", "libjxl.so.0.9", "libjxl.so.0.8", "libjxl.so.0.7",
        "libjxl.0.11.dylib", "/opt/homebrew/lib/libjxl.0.11.dylib", "/usr/local/lib/libjxl.0.11.dylib", NULL,
    };
    if (state == 0) {
        void *library = codec_open(names);
        state = library && codec_find(library, jxl_names, (void **)&jxl) &&
                        codec_find(library, jxl_profile_names, (void **)&jxl_profile)
                    ? 1
                    : 2;
        if (state == 1) {
            const char *const unpremultiply[] = {"JxlDecoderSetUnpremultiplyAlpha", NULL};
            codec_find(library, unpremultiply, (void **)&jxl_unpremultiply);
        }
    }
    if (state == 1) {
        uint32_t v = jxl.version();
        snprintf(version, size, "%u.%u.%u", v / 1000000, v / 1000 % 1000, v % 1000);
    }
    return state == 1;
}

static int jxl_get_encoded(const void *d, jxl_colour *c) {
    if (jxl.version() < 9000) return ((int (*)(const void *, const void *, int, jxl_colour *))jxl_profile.encoded)(d, NULL, jxl_profile_of_data, c);
    return ((int (*)(const void *, int, jxl_colour *))jxl_profile.encoded)(d, jxl_profile_of_data, c);
}

static int jxl_get_size(const void *d, size_t *n) {
    if (jxl.version() < 9000) return ((int (*)(const void *, const void *, int, size_t *))jxl_profile.size)(d, NULL, jxl_profile_of_data, n);
    return ((int (*)(const void *, int, size_t *))jxl_profile.size)(d, jxl_profile_of_data, n);
}

static int jxl_get_profile(const void *d, uint8_t *to, size_t n) {
    if (jxl.version() < 9000) return ((int (*)(const void *, const void *, int, uint8_t *, size_t))jxl_profile.profile)(d, NULL, jxl_profile_of_data, to, n);
    return ((int (*)(const void *, int, uint8_t *, size_t))jxl_profile.profile)(d, jxl_profile_of_data, to, n);
}

// jxl_colours says what the decoded values mean: by numbers where they do, else by a profile.
static void jxl_colours(const void *decoder, codec_picture *p) {
    jxl_colour c;
    memset(&c, 0, sizeof c);
    size_t n = 0;
    if (jxl_get_encoded(decoder, &c) == jxl_success && c.white == jxl_white_d65 && c.transfer >= 1 && c.transfer <= 18 && c.transfer != 2 &&
        (c.space == jxl_space_grey || (c.space == jxl_space_rgb && c.primaries != 2))) {
        p->transfer = c.transfer;
        p->primaries = c.space == jxl_space_grey ? 1 : c.primaries;
        // With this white the primaries are those of Display P3.
        if (p->primaries == jxl_primaries_p3) p->primaries = 12;
        return;
    }
    if (jxl_get_size(decoder, &n) != jxl_success || n == 0 || n > jxl_max_profile) return;
    p->profile = malloc(n);
    if (!p->profile) return;
    p->profile_size = n;
    if (jxl_get_profile(decoder, p->profile, n) != jxl_success) {
        free(p->profile);
        p->profile = NULL;
        p->profile_size = 0;
    }
}

void codec_jxl_decode(const uint8_t *data, size_t size, uint64_t max_pixels, codec_picture *p) {
    const jxl_format format = {4, jxl_uint8, 0, 0};
    jxl_info info;
    uint8_t *pixels = NULL;
    void *decoder = jxl.create(NULL);
    if (!decoder) {
        codec_fail(p, codec_too_large, "no memory for it");
        return;
    }
    if (jxl.subscribe(decoder, jxl_basic_info | jxl_colour_encoding | jxl_full_image) != jxl_success ||
        jxl.input(decoder, data, size) != jxl_success) {
        codec_fail(p, codec_unsupported, "the library does not take it");
        goto done;
    }
    jxl.close_input(decoder);
    if (jxl_unpremultiply) jxl_unpremultiply(decoder, 1);
    memset(&info, 0, sizeof info);
    for (;;) {
        size_t need = 0;
        switch (jxl.process(decoder)) {
        case jxl_basic_info:
            if (jxl.info(decoder, &info) != jxl_success || info.width == 0 || info.height == 0) {
                codec_fail(p, codec_damaged, "it has no size");
                goto done;
            }
            if ((uint64_t)info.width * info.height > max_pixels) {
                codec_fail(p, codec_too_large, "");
                goto done;
            }
            break;
        case jxl_colour_encoding:
            jxl_colours(decoder, p);
            break;
        case jxl_need_image_buffer:
            if (pixels || jxl.buffer_size(decoder, &format, &need) != jxl_success || need != 4 * (size_t)info.width * info.height) {
                codec_fail(p, codec_damaged, "its sizes do not fit");
                goto done;
            }
            pixels = malloc(need);
            if (!pixels || jxl.buffer(decoder, &format, pixels, need) != jxl_success) {
                codec_fail(p, codec_too_large, "no memory for it");
                goto done;
            }
            break;
        case jxl_full_image: // the first frame, all that is wanted
        case jxl_success:
            if (!pixels) {
                codec_fail(p, codec_damaged, "it holds no picture");
                goto done;
            }
            p->width = info.width;
            p->height = info.height;
            p->stride = 4 * (size_t)info.width;
            p->pixels = pixels;
            p->premultiplied = info.alpha_premultiplied && !jxl_unpremultiply;
            p->owner = pixels;
            p->release = free;
            pixels = NULL;
            goto done;
        case jxl_need_input:
            codec_fail(p, codec_truncated, "");
            goto done;
        case jxl_error:
            codec_fail(p, codec_damaged, "");
            goto done;
        default:
            codec_fail(p, codec_unsupported, "it asks for what is not given here");
            goto done;
        }
    }
done:
    free(pixels);
    jxl.destroy(decoder);
}
