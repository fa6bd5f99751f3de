package bundle

// OneAtATime reports whether the image tower takes no more than one picture in a run, since
// its file fixes the first dimension of what goes in or comes out, or it computes in whole
// numbers: all pictures of a batch then have one scale, and vectors would depend on neighbours.
func (t Tower) OneAtATime() bool {
	in := t.Inputs[0].shape
	return t.integers || len(in) > 0 && in[0] == 1 || len(t.shape) > 1 && t.shape[0] == 1
}
