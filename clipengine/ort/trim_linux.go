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

// trim gives the memory that a closed model leaves back to the system. C's allocator keeps it
// in pieces otherwise, so that a process in which models come and go would grow.
func trim() { C.descry_trim() }
