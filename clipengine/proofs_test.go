package clipengine

import (
	"path/filepath"
	"testing"
)

// TestProofsOfSeveralProcesses has two that read the same file before either wrote it: an open
// file of its own stands for each.
func TestProofsOfSeveralProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "devices.json")
	one, two := ReadProofs(path), ReadProofs(path)
	put := func(p *Proofs, proof Proof) {
		t.Helper()
		if err := p.put(proof); err != nil {
			t.Fatal(err)
		}
	}
	put(one, Proof{Space: "a", Provider: "cuda", Driver: "1", Distance: 0.001})
	put(two, Proof{Space: "b", Provider: "cuda", Driver: "1", Distance: 0.002})
	put(one, Proof{Space: "c", Provider: "cuda", Driver: "1", Distance: 0.003})
	// One of them found a newer driver, of which the other one knows nothing.
	put(two, Proof{Space: "a", Provider: "cuda", Driver: "2", Refused: "it is wrong"})
	put(one, Proof{Space: "b", Provider: "cuda", Driver: "1", Distance: 0.002, Batch: 8})
	for name, p := range map[string]*Proofs{"on disk": ReadProofs(path), "in the one that wrote last": one} {
		for _, want := range []Proof{
			{Space: "a", Provider: "cuda", Driver: "2", Refused: "it is wrong"},
			{Space: "b", Provider: "cuda", Driver: "1", Distance: 0.002, Batch: 8},
			{Space: "c", Provider: "cuda", Driver: "1", Distance: 0.003},
		} {
			if got := p.Of(want.Space); len(got) != 1 || got[0].Driver != want.Driver || got[0].Refused != want.Refused || got[0].Batch != want.Batch || got[0].Distance != want.Distance {
				t.Errorf("%s of %s: %+v, want %+v", name, want.Space, got, want)
			}
		}
	}
}
