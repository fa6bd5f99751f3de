package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"descry/library"
	"descry/library/indexer"
	"descry/library/store"
	"descry/library/watch"
)

// Target is what to bring up to date: a root, or folders of it.
type Target = watch.Change

// The values of SettingWatch.
const (
	WatchOn  = "on"
	WatchOff = "off"
)

// watchBox holds what watches the roots.
type watchBox struct {
	mu      sync.Mutex
	watcher *watch.Watcher // nil: nothing is watched
	wanted  bool           // StartWatching was called
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Watch keeps roots up to date until ctx ends, and returns nil then: when something changes
// in their folders it brings these up to date, and calls report. notice is told sentences
// on roots that the system does not watch. It does so whatever SettingWatch says.
func (a *App) Watch(ctx context.Context, progress func(Progress), report func(IndexReport, error), notice func(string)) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	w := a.newWatcher(func(ctx context.Context, changes []watch.Change) {
		r, err := a.IndexTargets(ctx, changes, progress)
		if ctx.Err() == nil {
			report(r, err)
		}
	}, notice)
	a.watch.mu.Lock()
	a.watch.watcher = w
	a.watch.mu.Unlock()
	a.rewatch(ctx)
	return w.Run(ctx)
}

// StartWatching keeps the roots up to date in the background while the program runs, unless
// SettingWatch is WatchOff.
func (a *App) StartWatching() {
	if a.needWriting() != nil {
		return
	}
	a.watch.mu.Lock()
	a.watch.wanted = true
	a.watch.mu.Unlock()
	a.rewatch(context.Background())
}

func (a *App) newWatcher(changed func(context.Context, []watch.Change), notice func(string)) *watch.Watcher {
	return watch.New(watch.Params{
		Changed: changed, Notice: notice, Extensions: indexer.Extensions(), Skip: []string{a.p.Dir}, Log: a.p.Log,
	})
}

// rewatch lets the watcher know of other roots or settings, and starts or stops it as the
// settings say now.
func (a *App) rewatch(ctx context.Context) {
	b := &a.watch
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wanted {
		switch on := a.Setting(ctx, SettingWatch) != WatchOff; {
		case on && b.cancel == nil:
			watching, cancel := context.WithCancel(context.Background())
			w := a.newWatcher(a.indexChanges, func(sentence string) {
				if f := a.listeners().Folders; f != nil {
					f(sentence)
				}
			})
			b.watcher, b.cancel = w, cancel
			b.running.Go(func() {
				if err := w.Run(watching); err != nil {
					a.p.Log.Warn("watching the folders ended", "error", err)
				}
			})
		case !on && b.cancel != nil:
			b.cancel()
			b.watcher, b.cancel = nil, nil
		}
	}
	if b.watcher == nil {
		return
	}
	roots, err := a.store.Roots(ctx)
	if err != nil {
		a.p.Log.Warn("the folders to watch are not known", "error", err)
		return
	}
	b.watcher.SetRoots(roots, a.exclude(ctx))
}

// indexChanges lets a background run look through what changed.
func (a *App) indexChanges(ctx context.Context, changes []watch.Change) {
	select {
	case <-a.startIndexing(changes):
	case <-ctx.Done():
	}
}

func (a *App) stopWatching() {
	b := &a.watch
	b.mu.Lock()
	if b.cancel != nil {
		b.cancel()
	}
	b.watcher, b.cancel, b.wanted = nil, nil, false
	b.mu.Unlock()
	b.running.Wait()
}

// resolve finds the roots of targets; none at all are all roots.
func (a *App) resolve(ctx context.Context, targets []Target) ([]indexer.Target, error) {
	roots, err := a.store.Roots(ctx)
	if err != nil {
		return nil, err
	}
	var out []indexer.Target
	for _, r := range roots {
		if len(targets) == 0 {
			out = append(out, indexer.Target{Root: r})
			continue
		}
		one, all := indexer.Target{Root: r}, false
		asked := false
		for _, t := range targets {
			if t.Root != r.ID {
				continue
			}
			asked, all = true, all || len(t.Folders) == 0
			for _, f := range t.Folders {
				one.Parts = append(one.Parts, indexer.Part(f))
			}
		}
		if all {
			one.Parts = nil
		}
		if asked {
			out = append(out, one)
		}
	}
	return out, nil
}

// exclude are the patterns of what the person leaves out of every root.
func (a *App) exclude(ctx context.Context) []string { return patterns(a.Setting(ctx, SettingExclude)) }

func patterns(value string) []string {
	var out []string
	for p := range strings.SplitSeq(value, ";") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// note tells of roots that are not there, or were found elsewhere.
func (a *App) note(ctx context.Context, out *IndexReport, report indexer.Report) {
	for _, r := range report.Relocated {
		out.Followed = append(out.Followed, fmt.Sprintf("The disk of %s came back elsewhere: the folder is %s now.", r.From, r.To))
	}
	if len(report.Relocated) > 0 {
		a.rewatch(ctx)
	}
	out.Notes = slices.Clone(out.Followed)
	for _, r := range report.Away {
		what, fix := absence(r)
		out.Notes = append(out.Notes, what+" "+fix)
	}
}

// absence says why a root is offline, and what to do, a sentence each.
func absence(r library.Root) (what, fix string) {
	switch r.Reason {
	case store.EmptyFolder:
		return r.Path + " is empty and held photos, so it counts as offline.",
			fmt.Sprintf("Connect its disk or, if they are gone for good, say so: descry roots confirm %d", r.ID)
	case store.OtherVolume:
		return fmt.Sprintf("Another disk lies at %s, with none of its photos, so it counts as offline.", r.Path),
			fmt.Sprintf("Connect its disk or, if they are gone for good, say so: descry roots confirm %d", r.ID)
	}
	return r.Path + " is not there, so it counts as offline.",
		fmt.Sprintf("Connect its disk, or say where it is now: descry roots relocate %d PATH", r.ID)
}
