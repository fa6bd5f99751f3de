// Package hub downloads the files of a model from a hub that publishes models, or takes them
// from a mirror of it: another server, or a folder. A download can be stopped at any instant,
// by killing the process too, and goes on where it was; nothing counts as there before its
// digest has been compared.
//
// Of a hub three addresses are used: /api/models/REPO/revision/REVISION, which names the
// commit, /api/models/REPO/tree/COMMIT?recursive=true, which lists files with their sizes and
// digests, and /REPO/resolve/COMMIT/FILE, a file. A mirror may have only the last one. What is
// sent is the request and the program's name.
package hub

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"descry/internal/disk"
)

// Public is the hub that is asked where no mirror is set.
const Public = "https://huggingface.co"

// Errors by which a caller tells what can be done. The errors of this package are sentences
// of their own, and match one of these.
var (
	// ErrUnreachable: no connection to the hub could be made.
	ErrUnreachable = errors.New("the hub cannot be reached")
	// ErrProxy: the proxy that the system names does not let the request through.
	ErrProxy = errors.New("the proxy refuses")
	// ErrCertificate: the server does not prove that it is the one that was asked for.
	ErrCertificate = errors.New("the server's certificate is not valid")
	// ErrGated: the model is given only to those who signed in and agreed to something.
	ErrGated = errors.New("the model is not given to everybody")
	// ErrNotPublished: there is no such model, revision or file.
	ErrNotPublished = errors.New("it is not published there")
	// ErrBusy: the server answers that it cannot answer now.
	ErrBusy = errors.New("the server is busy")
	// ErrBroken: the connection broke or stood still again and again.
	ErrBroken = errors.New("the connection breaks")
	// ErrAnswer: the server answers something that makes no sense.
	ErrAnswer = errors.New("the server's answer makes no sense")
	// ErrOther: a file is not the one that was published.
	ErrOther = errors.New("the file is another one")
	// ErrNoRoom: the disk has no room for the model.
	ErrNoRoom = errors.New("the disk has no room")
)

// said is an error that is a sentence by itself and matches kind and its cause.
type said struct {
	text        string
	kind, cause error
}

func (e said) Error() string   { return e.text }
func (e said) Unwrap() []error { return []error{e.kind, e.cause} }

func sayf(kind, cause error, format string, args ...any) error {
	return said{fmt.Sprintf(format, args...), kind, cause}
}

// Params says from where and how files are fetched.
type Params struct {
	// From is the address of a hub or mirror (https://… or http://…), or a folder that
	// holds OWNER/NAME/resolve/REVISION/FILE, or OWNER/NAME/FILE. "" is Public.
	From string
	// Agent is how the program calls itself, "Descry/1.0".
	Agent string
	// Stall is how long no byte may come before a connection is given up; 0: 30 seconds.
	Stall time.Duration
	// Tries is how many attempts in a row may bring nothing new; 0: 6.
	Tries int
	// Wait is the pause after the first of them. It is doubled after each further one, up to
	// 30 times of it; no server makes it longer. 0: a second.
	Wait time.Duration
	// Parallel is how many files are fetched at once; 0: 3.
	Parallel int
	// Transport makes the connections; nil: the standard library's, which takes proxies from
	// HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
	Transport http.RoundTripper
	// Free returns the free bytes of the disk that holds a folder; nil: as the system says.
	Free func(dir string) (int64, error)
}

// Client fetches from one hub. All methods may be called at the same time.
type Client struct {
	p    Params
	base *url.URL // nil: a folder
	dir  string
	http *http.Client
	// reached: an answer has come, so that what fails later may be a passing fault.
	reached atomic.Bool
}

// New checks the parameters. It makes no connection.
func New(p Params) (*Client, error) {
	if p.From == "" {
		p.From = Public
	}
	if p.Stall <= 0 {
		p.Stall = 30 * time.Second
	}
	if p.Tries <= 0 {
		p.Tries = 6
	}
	if p.Wait <= 0 {
		p.Wait = time.Second
	}
	if p.Parallel <= 0 {
		p.Parallel = 3
	}
	if p.Free == nil {
		p.Free = disk.Free
	}
	c := &Client{p: p}
	if err := c.setBase(); err != nil {
		return nil, err
	}
	if p.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		// Sizes and ranges are those of the file, not of what a server packs it into.
		t.DisableCompression = true
		c.p.Transport = t
	}
	c.http = &http.Client{Transport: c.p.Transport, CheckRedirect: c.redirect}
	return c, nil
}

// CheckFrom says in a sentence what is wrong with an address or folder to fetch from.
func CheckFrom(from string) error {
	if from == "" {
		return nil
	}
	return (&Client{p: Params{From: from}}).setBase()
}

func (c *Client) setBase() error {
	from := c.p.From
	if !strings.Contains(from, "://") {
		if !filepath.IsAbs(from) {
			return fmt.Errorf("%s is neither an address that begins with https:// nor the whole path of a folder", from)
		}
		switch st, err := os.Stat(from); {
		case err != nil:
			return fmt.Errorf("the folder to take models from cannot be opened: %w", err)
		case !st.IsDir():
			return fmt.Errorf("%s is not a folder", from)
		}
		c.dir = from
		return nil
	}
	u, err := url.Parse(from)
	if err != nil {
		// The parser's error may repeat a password that stands in the address.
		return errors.New("the address to take models from cannot be read")
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s is not an address such as https://example.org/models", u.Redacted())
	}
	c.base = u
	return nil
}

// Where names the hub for people, without name and password of an address.
func (c *Client) Where() string {
	switch {
	case c.base == nil:
		return c.dir
	case c.base.Path == "" || c.base.Path == "/":
		return c.base.Host
	}
	return c.base.Host + c.base.Path
}

// Page is the address at which a person finds a model on the hub; "" where it is a folder.
func (c *Client) Page(repo string) string {
	if c.base == nil {
		return ""
	}
	plain := *c.base
	plain.User = nil
	return strings.TrimRight(plain.String(), "/") + "/" + repo
}

// Secure reports whether nobody on the way can change or read what is fetched.
func (c *Client) Secure() bool { return c.base == nil || c.base.Scheme == "https" }

// Close drops connections that are kept open.
func (c *Client) Close() { c.http.CloseIdleConnections() }
