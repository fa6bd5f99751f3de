package clipengine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"descry/clipengine/ort"
	"descry/internal/disk"
)

// Proof is what a test of a model on a device has shown. It holds for one vector space on one
// provider of one version of the runtime library and the driver; when any of them is another,
// the test is made again.
type Proof struct {
	Space    string `json:"space"`
	Provider string `json:"provider"`
	Library  string `json:"library"` // version of ONNX Runtime
	Driver   string `json:"driver"`  // as ort.Driver has it

	// Tested is when a test has shown the rest; zero: it did not come to that.
	Tested time.Time `json:"tested,omitzero"`
	// Placement says which providers run the nodes.
	Placement ort.Placement `json:"placement,omitzero"`
	// Distance is the largest cosine distance, 0 to 2, of a golden picture's vector to that of
	// the CPU.
	Distance float64 `json:"distance"`
	// Refused says why the device is not used, "" where it is.
	Refused string `json:"refused,omitempty"`
	// Batch is how many pictures a run takes at best; 0: not known yet.
	Batch int `json:"batch,omitempty"`
	// Short is whether it is not longer because a run failed, mostly for lack of memory.
	Short bool `json:"short,omitempty"`
}

// same reports whether two proofs are about the same.
func (p Proof) same(q Proof) bool {
	return p.Space == q.Space && p.Provider == q.Provider && p.Library == q.Library && p.Driver == q.Driver
}

// Proofs remembers proofs in a file, which can be deleted at any time: what it held is tested
// again. Several processes may write it. The nil *Proofs remembers nothing. It is safe for concurrent use.
type Proofs struct {
	mu   sync.Mutex
	path string
	all  []Proof
}

// ReadProofs reads the file of proofs at path. One that is not there, or not such a file, is
// as good as an empty one. With path "" they are kept in memory.
func ReadProofs(path string) *Proofs {
	data, err := os.ReadFile(path)
	if err != nil {
		data = nil
	}
	return &Proofs{path: path, all: readProofs(data)}
}

func readProofs(data []byte) (all []Proof) {
	if json.Unmarshal(data, &all) != nil {
		return nil
	}
	return all
}

// find returns the proof about the same as key.
func (p *Proofs) find(key Proof) (Proof, bool) {
	if p == nil {
		return key, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.all {
		if q.same(key) {
			return q, true
		}
	}
	return key, false
}

// Of returns the proofs about a vector space.
func (p *Proofs) Of(space string) []Proof {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Proof
	for _, q := range p.all {
		if q.Space == space {
			out = append(out, q)
		}
	}
	return out
}

// put remembers a proof in place of those of the same space and provider, whose library or
// driver is gone. What other processes wrote into the file meanwhile stays. Where the file
// cannot be written the error says so, and it is remembered while the process lives.
func (p *Proofs) put(proof Proof) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = with([]Proof{proof}, p.all)
	if p.path == "" {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(p.path), 0o700)
	if err == nil {
		err = disk.Update(p.path, func(old []byte) ([]byte, error) {
			p.all = with(with([]Proof{proof}, readProofs(old)), p.all)
			return json.MarshalIndent(p.all, "", " ")
		})
	}
	if err != nil {
		return fmt.Errorf("remember how a device did in its test: %w", err)
	}
	return nil
}

// with returns some proofs, and of others those for which there is none of the same space and
// provider.
func with(some, others []Proof) []Proof {
	for _, o := range others {
		if !slices.ContainsFunc(some, func(p Proof) bool { return p.Space == o.Space && p.Provider == o.Provider }) {
			some = append(some, o)
		}
	}
	return some
}
