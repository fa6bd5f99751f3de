package codec

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"

	"descry/library/decode"
)

// Argument is the first argument of the program that makes it a child of a Pool: main calls
// Serve then, and nothing else.
const Argument = "codec-child"

// Serve answers requests until standard input ends, and returns the exit status.
func Serve() int {
	// The parent ends its children; keys at the terminal are meant for the parent.
	signal.Ignore(os.Interrupt)
	out, err := takeOutput()
	if err != nil {
		return 1
	}
	if err := serve(os.Stdin, out, decodeHere); err != nil && !errors.Is(err, io.EOF) {
		return 1
	}
	return 0
}

// serve answers requests from r on w. It goes on reading while it decodes: when the parent
// is gone the process ends, whatever it is busy with.
func serve(r io.Reader, w io.Writer, decodeOne func(request) answer) error {
	requests, ended := make(chan request), make(chan error, 1)
	go func() {
		for {
			q, err := readRequest(r, decode.DefaultLimits.MaxBytes)
			if err != nil {
				ended <- err
				return
			}
			requests <- q
		}
	}()
	answers := make(chan answer, 1)
	for {
		var q request
		select {
		case q = <-requests:
		case err := <-ended:
			return err
		}
		go func() { answers <- respond(q, decodeOne) }()
		select {
		case a := <-answers:
			if err := writeAnswer(w, a); err != nil {
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

func respond(q request, decodeOne func(request) answer) answer {
	switch q.kind {
	case askDecode:
		return decodeOne(q)
	case askList:
		text, err := json.Marshal(libraries())
		if err != nil {
			return answer{fault: &fault{faultUnsupported, err.Error()}}
		}
		return answer{text: string(text)}
	}
	return answer{fault: &fault{faultUnsupported, "the request is not known"}}
}
