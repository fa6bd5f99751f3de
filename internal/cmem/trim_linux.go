//go:build linux && cgo

package cmem

/*
#include <malloc.h>

static void descry_trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

func trim() { C.descry_trim() }
