package app

import (
	"descry/library/decode"
)

// decoders decodes what is decoded outside of this process; nil where that is not set up.
func (a *App) decoders() decode.Codecs {
	if a.codecs == nil {
		return nil
	}
	return a.codecs
}
