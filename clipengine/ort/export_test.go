package ort

// HasMemory reports whether a session has memory that ONNX Runtime calls by a name.
func HasMemory(s *Session, name string) bool {
	m := memoryOf(s.s, nil, name)
	if m == nil {
		return false
	}
	m.release(s.s)
	return true
}
