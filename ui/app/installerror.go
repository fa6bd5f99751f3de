package app

import (
	"context"
	"errors"

	"descry/clipengine/hub"
	"descry/library"
)

// InstallError is why a model could not be installed, with a short name for scripts and a
// sentence on what can be done.
type InstallError struct {
	Code, Fix string
	Err       error
}

func (e InstallError) Error() string { return e.Err.Error() }
func (e InstallError) Unwrap() error { return e.Err }

// mends says, for each way in which a download fails, what a person can do.
var mends = []struct {
	kind      error
	code, fix string
}{
	{hub.ErrUnreachable, "no_network", "Is this machine on the network? Where it must not be: set a mirror, an address or a folder: descry config set " + SettingModelsFrom + " FOLDER"},
	{hub.ErrProxy, "proxy", "Descry goes through the proxy that HTTPS_PROXY or HTTP_PROXY names, and around it for what NO_PROXY lists."},
	{hub.ErrCertificate, "certificate", "Is this machine's clock right? Else somebody between it and the server reads along, such as a company's proxy, whose certificate the system has to know."},
	{hub.ErrGated, "gated", ""},
	{hub.ErrNotPublished, "not_published", "The catalogue may be older than the hub, or the mirror may lack it: descry config get " + SettingModelsFrom},
	{hub.ErrBusy, "busy", "Try again later: what came is kept."},
	{hub.ErrBroken, "connection", "Run the same command again: what came is kept."},
	{hub.ErrAnswer, "bad_answer", "Something between may answer for it, such as the page on which one signs in to a network."},
	{hub.ErrOther, "changed_file", "Try again; if it stays so, the file was damaged or changed where it is published."},
	{hub.ErrNoRoom, "disk_full", "Make room on the disk that holds the library and run the same command again: what came is kept."},
}

// mend gives an error of a download its name and what can be done.
func (a *App) mend(ctx context.Context, p InstallPlan, err error) error {
	var done InstallError
	if ctx.Err() != nil || errors.As(err, &done) {
		return err
	}
	for _, m := range mends {
		if !errors.Is(err, m.kind) {
			continue
		}
		fix := m.fix
		if m.kind == hub.ErrGated {
			fix = "Sign in on " + p.Page + ", ask for the model, download its folder there and add it: descry models add FOLDER"
		}
		if m.kind == hub.ErrNoRoom {
			err = noRoom{err}
		}
		return InstallError{m.code, fix, err}
	}
	return err
}

// noRoom is a full disk as the rest of the program knows it.
type noRoom struct{ error }

func (e noRoom) Unwrap() []error { return []error{library.ErrDiskFull, e.error} }
