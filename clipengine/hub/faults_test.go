package hub

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"descry/internal/hubtest"
)

// TestFaults fetches from hubs that do it badly. What they do is repaired, or said in a
// sentence, and nothing wrong is ever left as if it were right.
func TestFaults(t *testing.T) {
	const big = "visual/model.onnx"
	size := len(model()[big])
	on := func(file string, f func(hubtest.Request) hubtest.Fault) func(hubtest.Request) hubtest.Fault {
		return func(r hubtest.Request) hubtest.Fault {
			if r.File != file {
				return hubtest.Fault{}
			}
			return f(r)
		}
	}
	always := func(file string, f hubtest.Fault) func(hubtest.Request) hubtest.Fault {
		return on(file, func(hubtest.Request) hubtest.Fault { return f })
	}
	first := func(file string, n int, f hubtest.Fault) func(hubtest.Request) hubtest.Fault {
		return on(file, func(r hubtest.Request) hubtest.Fault {
			if r.Try <= n {
				return f
			}
			return hubtest.Fault{}
		})
	}
	wrong := slices.Clone(model()[big])
	wrong[size/2] ^= 1
	for _, tt := range []struct {
		name  string
		fault func(hubtest.Request) hubtest.Fault
		p     Params
		kind  error  // nil: it succeeds
		want  string // in the sentence
		// once: not a byte is sent twice.
		once bool
	}{
		{name: "cuts now and then", fault: on(big, func(hubtest.Request) hubtest.Fault { return hubtest.Fault{Cut: 100_000} }), once: true},
		{name: "cuts everything once", fault: func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Cut: 10}
			}
			return hubtest.Fault{}
		}},
		{name: "never sends a byte more", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Cut: 1000}
			}
			return hubtest.Fault{Status: 500}
		}), kind: ErrBusy, want: "has a fault of its own (500)"},
		{name: "stalls once", fault: first(big, 1, hubtest.Fault{Stall: 300_000}), p: Params{Stall: 300 * time.Millisecond}},
		{name: "stalls always", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Range == "" {
				return hubtest.Fault{Stall: 300_000}
			}
			return hubtest.Fault{Late: make(chan struct{})}
		}), p: Params{Stall: 100 * time.Millisecond, Tries: 2}, kind: ErrBroken, want: "nothing came from"},
		{name: "is busy for a while", fault: first(big, 3, hubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "3600"}})},
		{name: "is busy for ever", fault: always(big, hubtest.Fault{Status: 429}), kind: ErrBusy, want: "come back later (429)"},
		{name: "has a fault for a while", fault: first(big, 2, hubtest.Fault{Status: 503})},
		{name: "the list fails once", fault: first("list", 1, hubtest.Fault{Status: 502})},
		{name: "wrong bytes", fault: always(big, hubtest.Fault{Content: wrong}), kind: ErrOther, want: "is not the file that was published"},
		{name: "wrong bytes of a small file", fault: always("config.json", hubtest.Fault{Content: []byte(`{"embed_dim": 9}`)}), kind: ErrOther, want: "config.json is not the file that was published"},
		{name: "another file behind a cut", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Content: wrong, Cut: size - 5}
			}
			return hubtest.Fault{}
		})},
		{name: "the file changed between parts", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Cut: 1000, Header: map[string]string{"ETag": `"old"`}}
			}
			return hubtest.Fault{}
		})},
		{name: "the file changes all the time", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			return hubtest.Fault{Cut: 1000, NoRange: r.Try%2 == 0, Header: map[string]string{"ETag": fmt.Sprintf("%q", fmt.Sprint(r.Try))}}
		}), kind: ErrBroken, want: "broke off"},
		{name: "no tags, and it changed", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Cut: 900_000, Content: wrong, Header: map[string]string{"ETag": ""}}
			}
			return hubtest.Fault{Header: map[string]string{"ETag": ""}}
		})},
		{name: "knows no ranges", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			if r.Try == 1 {
				return hubtest.Fault{Cut: 1000}
			}
			return hubtest.Fault{NoRange: true}
		})},
		{name: "refuses ranges", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			switch {
			case r.Try == 1:
				return hubtest.Fault{Cut: 1000}
			case r.Range != "":
				return hubtest.Fault{Status: 416}
			}
			return hubtest.Fault{}
		})},
		{name: "sends another part", fault: on(big, func(r hubtest.Request) hubtest.Fault {
			switch {
			case r.Try == 1:
				return hubtest.Fault{Cut: 1000}
			case r.Try == 2:
				return hubtest.Fault{Header: map[string]string{"Content-Range": fmt.Sprintf("bytes 7-%d/%d", size-1, size)}}
			}
			return hubtest.Fault{}
		})},
		{name: "claims to be shorter", fault: always(big, hubtest.Fault{Length: 1000}), kind: ErrOther, want: "has 1000 bytes of it, not"},
		{name: "claims to be longer", fault: always(big, hubtest.Fault{Length: size + 1}), kind: ErrOther, want: fmt.Sprintf("has %d bytes of it, not %d", size+1, size)},
		{name: "sends too much", fault: always(big, hubtest.Fault{Extra: 1 << 20}), kind: ErrOther, want: fmt.Sprintf("sends more than its %d bytes", size)},
		{name: "sends too little", fault: always(big, hubtest.Fault{Content: model()[big][:1000]}), kind: ErrOther, want: "has 1000 bytes"},
		{name: "packs it", fault: always(big, hubtest.Fault{Header: map[string]string{"Content-Encoding": "br"}}), kind: ErrAnswer, want: `packed as "br"`},
		{name: "is gated", fault: always(big, hubtest.Fault{Status: 403}), kind: ErrGated, want: "only to those who may have it (403)"},
		{name: "asks for a name", fault: always("list", hubtest.Fault{Status: 401}), kind: ErrGated, want: "(401)"},
		{name: "does not tell strangers", fault: always("revision", hubtest.Fault{Status: 401, Header: map[string]string{"X-Error-Code": "RepoNotFound"}}), kind: ErrNotPublished, want: "is not published"},
		{name: "lacks a file", fault: always("README.md", hubtest.Fault{Status: 404}), kind: ErrNotPublished, want: "README.md is not published on 127.0.0.1"},
		{name: "answers oddly", fault: always(big, hubtest.Fault{Status: 418}), kind: ErrAnswer, want: "the status 418"},
		{name: "redirects in a circle", fault: always(big, hubtest.Fault{Redirect: "again"}), kind: ErrAnswer, want: "without end"},
		{name: "redirects to a file system", fault: always(big, hubtest.Fault{Redirect: "file:///etc/passwd"}), kind: ErrAnswer, want: "without encryption"},
		{name: "redirects into nothing", fault: always(big, hubtest.Fault{Redirect: "http://127.0.0.1:1/x"}), kind: ErrUnreachable, want: "cannot be reached"},
		{name: "asks the proxy", fault: always(big, hubtest.Fault{Status: 407}), kind: ErrProxy, want: "asks for a name and a password"},
		{name: "lists a page", fault: always("list", hubtest.Fault{Content: []byte("<html>Log in to this network</html>")}), kind: ErrAnswer, want: "does not answer as a hub"},
		{name: "lists without end", fault: always("list", hubtest.Fault{Content: []byte("[]"), Header: map[string]string{"Link": `</more>; rel="next"`}}), kind: ErrAnswer, want: "goes on somewhere else"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := hubtest.New(t)
			s.Publish(repo, model())
			s.Misbehave(tt.fault)
			tt.p.From = s.URL
			c := client(t, tt.p)
			dir := t.TempDir()
			var files []File
			l, err := c.List(t.Context(), repo, "")
			if err == nil {
				files, err = c.Fetch(t.Context(), Job{Listing: l, Dir: dir})
			}
			if tt.kind == nil {
				if err != nil {
					t.Fatal(err)
				}
				same(t, dir, model(), files)
				if sent := s.Sent(big); tt.once && sent != int64(size) {
					t.Errorf("%d bytes were sent of a file of %d", sent, size)
				}
				return
			}
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("it says %v, which should be %v and say %q", err, tt.kind, tt.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "signature") {
				t.Errorf("not one sentence for people: %q", err)
			}
			// Once the hub is well, another call brings all of it.
			s.Misbehave(nil)
			c = client(t, Params{From: s.URL})
			files, err = c.Fetch(t.Context(), job(t, c, dir))
			if err != nil {
				t.Fatal(err)
			}
			same(t, dir, model(), files)
		})
	}
}
