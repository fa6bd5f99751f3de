package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"descry/internal/install"
	"descry/library"
	"descry/library/decode"
	"descry/library/decode/codec"
	"descry/library/video"
)

// decoders decodes what is decoded outside of this process; nil where that is not set up.
func (a *App) decoders() decode.Codecs {
	if a.codecs == nil {
		return nil
	}
	return a.codecs
}

// optional is a kind of files that is read only where something is installed.
type optional struct {
	what   string // "HEIC pictures"
	needs  string // what to install, as package install names it
	by     string // what reads them; "" nothing does
	better string // what is worth installing though they are read; ""
}

// optionals says which of the files are read that take something installed.
func (a *App) optionals(ctx context.Context) ([]optional, error) {
	var list []optional
	var libraries []codec.Library
	if a.codecs != nil {
		var err error
		if libraries, err = a.codecs.Libraries(ctx); err != nil {
			return nil, err
		}
	}
	for _, format := range []string{decode.HEIF, decode.AVIF, decode.JXL} {
		name, thing := codec.Needs(format)
		o := optional{what: name + " pictures", needs: thing}
		for _, l := range libraries {
			if l.Format == format && l.Version != "" {
				o.by = l.Name + " " + l.Version
				if l.Name == codec.BuiltIn {
					o.by = "the decoder inside Descry (" + l.Version + ")"
					o.better = "it is several times slower than the system's"
				}
				break
			}
		}
		list = append(list, o)
	}
	o := optional{what: "videos", needs: install.FFmpeg}
	switch tools, err := video.Find(); {
	case err == nil:
		version, err := tools.Version(ctx)
		if err != nil {
			return nil, err
		}
		o.by = "ffmpeg " + version
	case !errors.Is(err, decode.ErrCodec):
		return nil, err
	}
	return append(list, o), nil
}

// optionalChecks are the doctor's lines on files that take something installed. That
// something is not there is no fault of the machine.
func (a *App) optionalChecks(ctx context.Context, system install.System) []Check {
	list, err := a.optionals(ctx)
	if err != nil {
		return []Check{{Check: "decoders", Detail: asSentence(err), Fix: "Install Descry again: it could not start its own decoders."}}
	}
	var checks []Check
	for _, o := range list {
		c := Check{Check: o.what, OK: true, Detail: "read by " + o.by}
		command := system.Command(o.needs)
		if command == "" {
			command = "Install " + o.needs + "."
		}
		switch {
		case o.by == "":
			c.Detail = "cannot be read: " + o.needs + " is not installed"
			c.Fix = command
		case o.better != "":
			c.Detail += "; " + o.better
			c.Fix = command
		}
		checks = append(checks, c)
	}
	return checks
}

// stateCodecs is the setting that keeps what read the files last time. It is no choice of
// the person's, so dumps leave it out.
const stateCodecs = "state.codecs"

// retryLacking makes the files pending again for which something was not installed, when
// other things are installed now.
func (a *App) retryLacking(ctx context.Context) error {
	failures, err := a.store.Failures(ctx)
	if err != nil {
		return err
	}
	lacking := false
	for _, f := range failures {
		lacking = lacking || f.Stage == library.StageCodec
	}
	if !lacking {
		return nil
	}
	list, err := a.optionals(ctx)
	if err != nil {
		// Without decoders nothing has become readable.
		a.p.Log.Warn("asking which decoders there are", "error", err)
		return nil
	}
	var now []string
	for _, o := range list {
		now = append(now, o.what+": "+o.by)
	}
	digest := strings.Join(now, "; ")
	if a.Setting(ctx, stateCodecs) == digest {
		return nil
	}
	if _, err := a.store.RetryStage(ctx, library.StageCodec); err != nil {
		return err
	}
	if err := a.store.SetSetting(ctx, stateCodecs, digest); err != nil {
		return fmt.Errorf("note which decoders there are: %w", err)
	}
	return nil
}
