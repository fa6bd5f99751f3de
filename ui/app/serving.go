package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"descry/library"
	"descry/library/spool"
	"descry/library/store"
)

// ErrHolderGone says that the process that wrote the library has ended meanwhile.
var ErrHolderGone = errors.New("the other process has ended")

// Waiting for another process.
const (
	servePause = 200 * time.Millisecond // between two looks at the spool folder
	askPause   = 50 * time.Millisecond  // between two looks for an answer
	takeWithin = 10 * time.Second       // a process that serves takes a request sooner
)

// servingBox is what serves the requests of other processes.
type servingBox struct {
	mu     sync.Mutex
	stop   context.CancelFunc // ends the taking; nil: it does not serve
	abort  context.CancelFunc // ends what was taken, which is put back
	loop   sync.WaitGroup
	jobs   sync.WaitGroup
	oneRun chan struct{} // held by who looks through folders, see enterRun
}

// Serve takes requests that other processes leave in the spool folder, until FinishServing or
// Close. Asked twice it serves once.
func (a *App) Serve(ctx context.Context) {
	if a.needWriting() != nil {
		return
	}
	a.serving.mu.Lock()
	defer a.serving.mu.Unlock()
	if a.serving.stop != nil {
		return
	}
	if err := a.store.SetServing(true); err != nil {
		a.p.Log.Warn("requests of other processes are not taken", "error", err)
		return
	}
	loop, stop := context.WithCancel(ctx)
	work, abort := context.WithCancel(ctx)
	a.serving.stop, a.serving.abort = stop, abort
	a.serving.loop.Go(func() {
		tick := time.NewTicker(servePause)
		defer tick.Stop()
		for {
			a.takeRequests(work, nil)
			select {
			case <-loop.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// FinishServing takes no more requests, and returns when those that were taken are answered.
func (a *App) FinishServing() {
	a.serving.mu.Lock()
	defer a.serving.mu.Unlock()
	if a.serving.stop == nil {
		return
	}
	if err := a.store.SetServing(false); err != nil {
		a.p.Log.Warn("requests of other processes are not taken any more", "error", err)
	}
	a.serving.stop()
	a.serving.loop.Wait()
	a.serving.jobs.Wait()
	a.serving.abort()
	a.serving.stop, a.serving.abort = nil, nil
}

// stopServing is FinishServing without patience: what is not done waits for the next process.
func (a *App) stopServing() {
	a.serving.mu.Lock()
	abort := a.serving.abort
	a.serving.mu.Unlock()
	if abort != nil {
		abort()
	}
	a.FinishServing()
}

// takeRequests does what waits in the spool folder. Indexing goes on beside it.
func (a *App) takeRequests(ctx context.Context, wanted func(spool.Request) bool) {
	for _, j := range spool.Take(a.p.Dir, time.Now(), wanted) {
		if takesLong(j.Request) {
			a.serving.jobs.Go(func() { a.doRequest(ctx, j) })
			continue
		}
		a.doRequest(ctx, j)
	}
}

// recoverRequests does what an earlier process had taken or been left and did not get done.
// What takes long waits for one that serves.
func (a *App) recoverRequests(ctx context.Context) {
	spool.Recover(a.p.Dir)
	a.takeRequests(ctx, func(r spool.Request) bool { return !takesLong(r) })
}

// takesLong reports whether a request waits for others, or others for it.
func takesLong(r spool.Request) bool { return r.Verb == spool.Index || r.Verb == spool.Model }

func (a *App) doRequest(ctx context.Context, j spool.Job) {
	answer, err := a.request(ctx, j.Request)
	if ctx.Err() != nil {
		// Interrupted: it waits for the next process, which may be the one that asked.
		if err := spool.Return(a.p.Dir, j.ID); err != nil {
			a.p.Log.Warn("a request of another process was not put back", "error", err)
		}
		return
	}
	if err != nil {
		answer.Error, answer.Code = err.Error(), requestCode(err)
	}
	err = spool.Finish(a.p.Dir, j.ID, answer)
	if err != nil { // who asked waits for something
		short := spool.Answer{Error: "it was done, but not told: " + err.Error(), Code: "failed", Operation: answer.Operation}
		err = spool.Finish(a.p.Dir, j.ID, short)
	}
	if err != nil {
		a.p.Log.Warn("a request of another process was not answered", "error", err)
	}
}

// requestErrors are the errors that keep their meaning on the way to another process.
var requestErrors = map[string]error{
	"not_found":      library.ErrNotFound,
	"conflict":       library.ErrConflict,
	"disk_full":      library.ErrDiskFull,
	"damaged":        library.ErrDamaged,
	"not_in_library": ErrNotInLibrary,
}

func requestCode(err error) string {
	for code, is := range requestErrors {
		if errors.Is(err, is) {
			return code
		}
	}
	return "failed"
}

// answerError is an error that came from another process.
type answerError struct {
	text string
	is   error
}

func (e answerError) Error() string { return e.text }
func (e answerError) Unwrap() error { return e.is }

// request does one request.
func (a *App) request(ctx context.Context, r spool.Request) (spool.Answer, error) {
	var answer spool.Answer
	paths := make([]string, len(r.Paths))
	for i, p := range r.Paths {
		paths[i] = string(p)
	}
	if r.Verb == spool.Index {
		return a.indexRequest(ctx, paths)
	}
	if r.Verb == spool.Model {
		if r.Do == "now" {
			return answer, a.UseModelNow(ctx, r.Model)
		}
		return answer, a.UseModel(ctx, r.Model)
	}
	if r.Verb == spool.Undo {
		op, err := a.Undo(ctx, r.Operation)
		return spool.Answer{Operation: op.ID, What: op.What, Changed: op.Photos}, err
	}
	if r.Verb == spool.Album {
		op, unknown, err := a.ChangeAlbum(ctx, AlbumChange{Do: r.Do, Name: r.Album, Query: r.Query, To: r.To, Paths: paths})
		for _, p := range unknown {
			answer.Unknown = append(answer.Unknown, spool.Path(p))
		}
		if err != nil || op == 0 {
			return answer, err
		}
		said, err := a.Operation(ctx, op)
		answer.Operation, answer.What, answer.Changed = said.ID, said.What, said.Photos
		return answer, err
	}
	photos, unknown, err := a.Resolve(ctx, paths)
	if err != nil {
		return answer, err
	}
	for _, p := range unknown {
		answer.Unknown = append(answer.Unknown, spool.Path(p))
	}
	if len(photos) == 0 {
		return answer, fmt.Errorf("%s: %w", paths[0], ErrNotInLibrary)
	}
	ids := make([]library.PhotoID, len(photos))
	for i, p := range photos {
		ids[i] = p.Photo
	}
	var op int64
	switch r.Verb {
	case spool.Tag:
		label, err := a.Label(ctx, r.Label)
		if err != nil {
			return answer, err
		}
		say := map[string]func(context.Context, []library.PhotoID, library.LabelID) (int64, error){
			"confirmed": a.Confirm, "rejected": a.Reject, "": a.ClearTag,
		}[r.State]
		if op, err = say(ctx, ids, label); err != nil {
			return answer, err
		}
	case spool.Alt:
		if r.Approve {
			op, err = a.ApproveAlt(ctx, ids)
		} else {
			op, err = a.SetAlts(ctx, ids, r.Text, "")
		}
	case spool.Rating:
		op, err = a.SetRating(ctx, ids, r.Stars)
	}
	if err != nil {
		return answer, err
	}
	said, err := a.Operation(ctx, op)
	answer.Operation, answer.What, answer.Changed = said.ID, said.What, said.Photos
	return answer, err
}

func (a *App) indexRequest(ctx context.Context, paths []string) (spool.Answer, error) {
	var targets []Target
	for _, p := range paths {
		t, err := a.AddPath(ctx, p)
		if err != nil {
			return spool.Answer{}, err
		}
		targets = append(targets, t)
	}
	report, err := a.IndexTargets(ctx, targets, nil)
	if err != nil {
		return spool.Answer{}, err
	}
	a.changed()
	b, err := json.Marshal(report)
	return spool.Answer{Report: b}, err
}

// enterRun waits until nobody else looks through folders: another indexing run, ConfirmRoot.
func (a *App) enterRun(ctx context.Context) error {
	select {
	case a.serving.oneRun <- struct{}{}:
		return nil
	default:
	}
	a.wait(1)
	defer a.wait(-1)
	select {
	case a.serving.oneRun <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *App) leaveRun() { <-a.serving.oneRun }

// Pending is a request that another process has been asked.
type Pending struct {
	dir string
	id  string
}

// HandOver asks the process that writes the library in dir for something, and waits for the
// answer. ok is false, and nothing was asked, when that process takes no requests. Errors:
// ErrHolderGone when it ended meanwhile: whoever opens the library for writing then has the
// request done first, and Answer tells of it.
func HandOver(ctx context.Context, dir string, r spool.Request) (answer spool.Answer, p Pending, ok bool, err error) {
	holder, held := store.Held(dir)
	if !held {
		return answer, p, true, ErrHolderGone
	}
	if !holder.Serves {
		return answer, p, false, nil
	}
	id, err := spool.Put(dir, r)
	if err != nil {
		return answer, p, true, err
	}
	p = Pending{dir, id}
	tick := time.NewTicker(askPause)
	defer tick.Stop()
	last := time.Now().Add(takeWithin)
	for n := 1; ; n++ {
		if answer, ok, err := p.Answer(); ok || err != nil {
			return answer, p, true, err
		}
		select {
		case <-ctx.Done():
			spool.Withdraw(dir, id)
			return answer, p, true, ctx.Err()
		case <-tick.C:
		}
		if n%10 != 0 {
			continue
		}
		if _, held := store.Held(dir); !held {
			return answer, p, true, ErrHolderGone
		}
		if time.Now().After(last) && spool.Waits(dir, id) && spool.Withdraw(dir, id) {
			return answer, p, false, nil
		}
	}
}

// Answer fetches the answer; false where there is none yet.
func (p Pending) Answer() (spool.Answer, bool, error) {
	if p.id == "" {
		return spool.Answer{}, false, nil
	}
	a, ok := spool.Fetch(p.dir, p.id)
	if ok && a.Error != "" {
		return a, true, answerError{a.Error, requestErrors[a.Code]}
	}
	return a, ok, nil
}

// Withdraw takes the request back where nobody took it.
func (p Pending) Withdraw() {
	if p.id != "" {
		spool.Withdraw(p.dir, p.id)
	}
}

// LastOperation is the id of the operation that an undo without an id would take back.
// Error: store.ErrNoOperation.
func (a *App) LastOperation(ctx context.Context) (int64, error) {
	ops, err := a.History(ctx, 0)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(ops, func(o library.Operation) bool { return !o.Undone && o.Undoes == 0 })
	if i < 0 {
		return 0, store.ErrNoOperation
	}
	return ops[i].ID, nil
}
