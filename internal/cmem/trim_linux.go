//go:build linux && cgo

package cmem

/*
#include <malloc.h>

static void descry_trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static long long descry_in_use(void) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}
*/
import "C"

func trim() { C.descry_trim() }

func inUse() int64 { return int64(C.descry_in_use()) }
