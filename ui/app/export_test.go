package app

import "context"

// TrashWith is Trash with a call between its steps, where tests let the process die.
func (a *App) TrashWith(ctx context.Context, items []TrashItem, step func(string) error) (TrashReport, error) {
	return a.trash(ctx, items, step)
}

// UndoWith is Undo of the last operation with a call between the steps on disk.
func (a *App) UndoWith(ctx context.Context, step func(string) error) error {
	if _, err := a.store.Undo(ctx, 0); err != nil {
		return err
	}
	if err := step("undone"); err != nil {
		return err
	}
	_, err := a.followTrash(ctx, step)
	return err
}

// InRun calls f while an indexing run, as far as others can tell, is on.
func (a *App) InRun(ctx context.Context, f func()) error {
	if err := a.enterRun(ctx); err != nil {
		return err
	}
	defer a.leaveRun()
	f()
	return nil
}

// Engines counts the models that are held in memory.
func (a *App) Engines() int {
	a.engines.mu.Lock()
	defer a.engines.mu.Unlock()
	return len(a.engines.started)
}

// Loaded is the memory in bytes that the towers take that are loaded.
func (a *App) Loaded() int64 { return a.memory.sum() }

// Waiting counts the runs that wait until the one that is on ends.
func (a *App) Waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting
}

// InQuiet calls f while a run that looks at so many photos at a time is on, which looks around
// when look is called.
func (a *App) InQuiet(ctx context.Context, workers int, f func(look func())) {
	_, end := a.quietly(ctx, workers, func(Progress) {})
	defer end()
	f(func() { a.giveWay(ctx) })
}

// Now says how work in the background is done now: by how many at a time (0: all), at low
// priority or not, and why it waits by itself.
func (a *App) Now() (lanes int, gentle bool, wait Wait) {
	return a.manner.Most(), a.manner.Gentle(), a.waitingFor()
}

// Manner is Now at the beginning of a run, once it has looked around long enough.
func (a *App) Manner(ctx context.Context) (lanes int, gentle bool, wait Wait) {
	a.InQuiet(ctx, a.threads(ctx), func(look func()) {
		look()
		lanes, gentle, wait = a.Now()
	})
	return lanes, gentle, wait
}

// Held reports whether work in the background is held.
func (a *App) Held() bool { return a.manner.Closed() }

// Indexing reports whether a background run is on.
func (a *App) Indexing() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cancel != nil
}
