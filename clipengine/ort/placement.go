package ort

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	onnx "github.com/yalue/onnxruntime_go"
)

// recordAssigned makes a session remember which provider was given which node.
const recordAssigned = "session.record_ep_graph_assignment_info"

// heavy are the operators in which a model spends its time.
var heavy = map[string]bool{
	"Conv": true, "FusedConv": true, "ConvInteger": true, "QLinearConv": true, "NhwcConv": true,
	"MatMul": true, "Gemm": true, "FusedMatMul": true, "FusedGemm": true, "MatMulNBits": true,
	"MatMulInteger": true, "MatMulIntegerToFloat": true, "DynamicQuantizeMatMul": true, "QLinearMatMul": true, "QGemm": true,
	"Attention": true, "QAttention": true, "MultiHeadAttention": true,
}

// Placement says how many of a model's nodes each provider runs. Nodes counts all, Heavy those
// that multiply matrices or convolve. Locked says that runs are bound, and what goes in may lie
// in page-locked memory.
type Placement struct {
	Nodes, Heavy map[string]int
	Locked       bool `json:",omitempty"`
}

// Survey runs the model once and returns which providers run its nodes. It puts together what
// the session was planned to do and what the run did: a provider that compiles a part of the
// model shows it as one node in the run, and the plan tells the nodes in it; of a provider
// that lays pictures out in another order the plan lacks most nodes, and the run has them. With
// Options.Bind the model is run once more, to see whether its runs can be bound.
func (s *Session) Survey(ctx context.Context, inputs ...Tensor) (Placement, error) {
	dir, err := os.MkdirTemp("", "descry-survey-")
	if err != nil {
		return Placement{}, fmt.Errorf("see which providers run the model: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out, err := s.run(ctx, inputs, func(o *onnx.RunOptions) error { return profile(o, filepath.Join(dir, "run")) })
	if err != nil {
		return Placement{}, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "run*.json"))
	if err != nil || len(files) != 1 {
		return Placement{}, fmt.Errorf("see which providers run the model: %w", errDoor)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return Placement{}, fmt.Errorf("see which providers run the model: %w", err)
	}
	ran, err := readProfile(data)
	if err != nil {
		return Placement{}, fmt.Errorf("see which providers run the model: %w", err)
	}
	for counts, plan := range map[*map[string]int]map[string]int{&ran.Nodes: s.planned.Nodes, &ran.Heavy: s.planned.Heavy} {
		for name, n := range plan {
			(*counts)[name] = max((*counts)[name], n)
		}
	}
	ran.Locked = s.bind(ctx, inputs, out)
	return ran, nil
}

// readProfile counts the nodes in the events that a profiled run wrote down.
func readProfile(data []byte) (Placement, error) {
	var events []struct {
		Category string `json:"cat"`
		Name     string `json:"name"`
		Args     struct {
			Provider string `json:"provider"`
			Operator string `json:"op_name"`
		} `json:"args"`
	}
	if err := json.Unmarshal(data, &events); err != nil {
		return Placement{}, fmt.Errorf("read what the run wrote down: %w", err)
	}
	p := Placement{Nodes: map[string]int{}, Heavy: map[string]int{}}
	for _, e := range events {
		if e.Category != "Node" || e.Args.Provider == "" || !strings.HasSuffix(e.Name, "_kernel_time") {
			continue
		}
		name := nameOf(e.Args.Provider)
		p.Nodes[name]++
		if heavy[e.Args.Operator] {
			p.Heavy[name]++
		}
	}
	return p, nil
}

// Share is the part of the nodes that a provider runs, from 0 to 1; of the heavy ones where
// the model has such.
func (p Placement) Share(provider string) float64 {
	counts := p.Heavy
	if len(counts) == 0 {
		counts = p.Nodes
	}
	all := 0
	for _, n := range counts {
		all += n
	}
	if all == 0 {
		return 0
	}
	return float64(counts[provider]) / float64(all)
}

// String is the placement in words: "cuda 112 of 120 nodes, cpu 8; pictures in page-locked memory".
func (p Placement) String() string {
	names := make([]string, 0, len(p.Nodes))
	all := 0
	for name, n := range p.Nodes {
		names = append(names, name)
		all += n
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := p.Nodes[b] - p.Nodes[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if i == 0 {
			names[i] = fmt.Sprintf("%s %d of %d nodes", name, p.Nodes[name], all)
		} else {
			names[i] = fmt.Sprintf("%s %d", name, p.Nodes[name])
		}
	}
	text := strings.Join(names, ", ")
	if p.Locked {
		text += "; pictures in page-locked memory"
	}
	return text
}
