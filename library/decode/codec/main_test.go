package codec

import (
	"os"
	"testing"
)

// TestMain lets the test program be the child as well.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		os.Exit(Serve())
	}
	os.Exit(m.Run())
}
