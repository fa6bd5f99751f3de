//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"descry/library/indexer"
	"descry/library/store"
	"descry/library/thumbs"
)

// secondEye is another model: it sees what eye sees, in a space of its own.
type secondEye struct{ eye }

func (secondEye) Space() string { return "second eye" }
func (secondEye) Model() string { return "second-eye" }

// indexedSix makes a library of photos with vectors of which a person said something.
func indexedSix(s site) error { return errors.Join(s.made(6), s.index()) }

// again lets the other model look at the photos.
func (s site) again() error {
	return s.withStore(func(ctx context.Context, st *store.Store) error {
		x := indexer.New(indexer.Params{
			Store: st, Thumbs: thumbs.Open(filepath.Join(s.library(), "thumbs")), Encoder: &secondEye{}, Threads: 2,
		})
		r, err := x.LookAgain(ctx, nil, nil)
		if err == nil && len(r.Failed) > 0 {
			err = fmt.Errorf("looking again: %+v", r.Failed)
		}
		return err
	})
}
