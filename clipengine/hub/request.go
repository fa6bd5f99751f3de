package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxRedirects is how often an answer may send on to another address; hubs do it once or twice.
const maxRedirects = 8

var (
	errStalled   = errors.New("nothing came for too long")
	errRedirects = errors.New("redirected too often")
	errDowngrade = errors.New("redirected to an address without encryption")
)

// redirect decides whether an answer that sends on is followed.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxRedirects:
		return errRedirects
	case req.URL.Scheme != "https" && !(req.URL.Scheme == "http" && c.base.Scheme == "http"):
		return errDowngrade
	}
	// The address that sent on is nobody's business.
	req.Header.Del("Referer")
	return nil
}

// answer is a response whose body ends with an error when nothing comes for Params.Stall.
type answer struct {
	*http.Response
	ctx    context.Context
	cancel context.CancelCauseFunc
	watch  *time.Timer
	stall  time.Duration
}

func (a *answer) Read(p []byte) (int, error) {
	a.watch.Reset(a.stall)
	n, err := a.Body.Read(p)
	// What is done with the bytes takes its own time, on a slow disk for instance.
	a.watch.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(a.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (a *answer) Close() error {
	a.watch.Stop()
	a.cancel(nil)
	return a.Body.Close()
}

// get asks for one address; what is the file or list that is meant, for people. The caller
// closes the answer, whose status is 200, 206 or 416.
func (c *Client) get(outer context.Context, what, address string, header http.Header) (*answer, error) {
	ctx, cancel := context.WithCancelCause(outer)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, sayf(ErrAnswer, err, "%s has no address on %s", what, c.Where())
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.p.Agent)
	// Sizes and ranges are those of the file.
	req.Header.Set("Accept-Encoding", "identity")
	a := &answer{ctx: ctx, cancel: cancel, stall: c.p.Stall}
	a.watch = time.AfterFunc(c.p.Stall, func() { cancel(errStalled) })
	if a.Response, err = c.http.Do(req); err != nil {
		a.watch.Stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, c.failed(outer, what, err)
	}
	c.reached.Store(true)
	if err := c.status(what, a); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// failed turns an error of a connection into a sentence. When ctx has ended it is that.
func (c *Client) failed(ctx context.Context, what string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("fetching %s: %w", what, cause)
	}
	var (
		dns       *net.DNSError
		op        *net.OpError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		expired   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		wrapped   *url.Error
	)
	where := c.Where()
	if errors.As(err, &wrapped) {
		// It would repeat the address, which is long and may lie anywhere.
		err = wrapped.Err
	}
	switch {
	case errors.Is(err, errStalled):
		return sayf(ErrBroken, passing{err}, "%s: nothing came from %s for %s", what, where, seconds(c.p.Stall))
	case errors.Is(err, errRedirects):
		return sayf(ErrAnswer, err, "%s: %s sends from one address to the next without end", what, where)
	case errors.Is(err, errDowngrade):
		return sayf(ErrAnswer, err, "%s: %s sends to an address without encryption, which is not followed", what, where)
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &expired), errors.As(err, &verify):
		return sayf(ErrCertificate, err, "%s does not prove that it is %s: %v", where, where, err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return sayf(ErrCertificate, err, "%s does not speak HTTPS", where)
	case errors.As(err, &op) && op.Op == "proxyconnect", strings.Contains(err.Error(), "proxyconnect"):
		return sayf(ErrProxy, err, "the proxy cannot be reached: %v", err)
	case errors.As(err, &dns):
		return sayf(ErrUnreachable, c.perhaps(err), "%s cannot be found: there is no network, or no such server", where)
	case errors.As(err, &op) && op.Op == "dial":
		return sayf(ErrUnreachable, c.perhaps(err), "%s cannot be reached: %v", where, op.Err)
	case isProxyRefusal(err):
		return sayf(ErrProxy, err, "the proxy does not let the request to %s through: %v", where, err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return sayf(ErrBroken, passing{err}, "%s: the connection to %s broke off", what, where)
	}
	return sayf(ErrBroken, passing{err}, "%s: the connection to %s broke: %v", what, where, err)
}

// isProxyRefusal tells the error of a proxy that answered CONNECT with another status than 200:
// the standard library makes it of the status line alone.
func isProxyRefusal(err error) bool {
	for _, code := range []int{http.StatusProxyAuthRequired, http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusMethodNotAllowed} {
		if strings.EqualFold(err.Error(), http.StatusText(code)) {
			return true
		}
	}
	return false
}

// passing marks an error that may be gone at the next attempt.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }

// perhaps marks what may be a passing fault only when the hub has been reached before: who is
// not on the network at all should hear of it at once.
func (c *Client) perhaps(err error) error {
	if c.reached.Load() {
		return passing{err}
	}
	return err
}

// later is a passing error for which the server says how long to wait.
type later struct {
	error
	wait time.Duration
}

// status turns an answer without content into a sentence.
func (c *Client) status(what string, a *answer) error {
	where, code := c.Where(), a.StatusCode
	cause := fmt.Errorf("status %d", code)
	switch code {
	case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		// The public hub does not say to strangers whether what they may not see is there.
		switch a.Header.Get("X-Error-Code") {
		case "RepoNotFound", "RevisionNotFound", "EntryNotFound":
			return sayf(ErrNotPublished, cause, "%s is not published on %s", what, where)
		}
		return sayf(ErrGated, cause, "%s: %s gives it only to those who may have it (%d)", what, where, code)
	case http.StatusProxyAuthRequired:
		return sayf(ErrProxy, cause, "the proxy asks for a name and a password (%d)", code)
	case http.StatusNotFound, http.StatusGone:
		return sayf(ErrNotPublished, cause, "%s is not published on %s", what, where)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return sayf(ErrBusy, passing{later{cause, retryAfter(a.Header)}}, "%s: %s asks to come back later (%d)", what, where, code)
	}
	if code >= 500 {
		return sayf(ErrBusy, passing{later{cause, retryAfter(a.Header)}}, "%s: %s has a fault of its own (%d)", what, where, code)
	}
	return sayf(ErrAnswer, cause, "%s: %s answers with the status %d", what, where, code)
}

// retryAfter reads how many seconds a server asks to wait; a date is not worth the trouble.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}

// retry calls f until it succeeds, fails for good, or has brought nothing new Params.Tries
// times in a row.
func (c *Client) retry(ctx context.Context, f func() (progress bool, err error)) error {
	wait := c.p.Wait
	for tries := 1; ; tries++ {
		progress, err := f()
		var pass passing
		if err == nil || !errors.As(err, &pass) {
			return err
		}
		if progress {
			tries, wait = 1, c.p.Wait
		}
		if tries >= c.p.Tries {
			return err
		}
		pause := wait
		var l later
		if errors.As(err, &l) {
			pause = max(pause, l.wait)
		}
		timer := time.NewTimer(min(pause, 30*c.p.Wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		wait *= 2
	}
}
