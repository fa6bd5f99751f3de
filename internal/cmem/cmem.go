// Package cmem looks after the memory that C code allocates.
package cmem

// Trim gives free memory back to the system. C's allocator keeps it in pieces otherwise: half
// of what loading a model takes, and so much of a closed one that a process in which models
// come and go would grow. Milliseconds; allocators other than glibc's need no asking.
func Trim() { trim() }

// InUse is how many bytes C code holds of what C's allocator gave it, mapped files and free
// memory not counted; 0 where that is not told (allocators other than glibc's from 2.33 on).
func InUse() int64 { return inUse() }
