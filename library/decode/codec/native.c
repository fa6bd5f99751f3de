//go:build unix

#include "native.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void codec_fail(codec_picture *p, int error, const char *message) {
    p->error = error;
    snprintf(p->message, sizeof p->message, "%s", message ? message : "");
}

void codec_free(codec_picture *p) {
    if (p->release) p->release(p->owner);
    free(p->profile);
    memset(p, 0, sizeof *p);
}

void *codec_open(const char *const *names) {
    for (; *names; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
    }
    return NULL;
}

int codec_find(void *library, const char *const *names, void **into) {
    for (; *names; names++, into++) {
        *into = dlsym(library, *names);
        if (!*into) return 0;
    }
    return 1;
}
