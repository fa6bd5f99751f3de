package ort

/*
#include <malloc.h>

// Only glibc has it; others give memory back by themselves.
static void descry_trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

// trim gives free memory back to the system. C's allocator keeps it in pieces otherwise: half
// of what loading a model takes, and so much of a closed one that a process in which models
// come and go would grow.
func trim() { C.descry_trim() }
