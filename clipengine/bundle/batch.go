package bundle

// OneAtATime reports whether the image tower takes no more than one picture in a run, since
// its file fixes the first dimension of what goes in or comes out.
func (t Tower) OneAtATime() bool {
	in := t.Inputs[0].shape
	return len(in) > 0 && in[0] == 1 || len(t.shape) > 1 && t.shape[0] == 1
}
