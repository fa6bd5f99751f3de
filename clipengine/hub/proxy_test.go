package hub

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"descry/internal/hubtest"
)

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestProxy goes through a proxy that makes tunnels, and through ones that do not want to.
func TestProxy(t *testing.T) {
	s := hubtest.NewTLS(t)
	s.Publish(repo, model())
	var refuse, tunnels atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := refuse.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		tunnels.Add(1)
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	t.Cleanup(proxy.Close)
	transport := s.HTTP.Client().Transport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(mustParse(t, proxy.URL))
	c := client(t, Params{From: s.URL, Transport: transport})
	dir := t.TempDir()
	files, err := c.Fetch(t.Context(), job(t, c, dir))
	if err != nil {
		t.Fatal(err)
	}
	same(t, dir, model(), files)
	if tunnels.Load() == 0 {
		t.Error("the proxy was not asked")
	}
	for _, status := range []int64{http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusBadGateway} {
		refuse.Store(status)
		transport := transport.Clone()
		c := client(t, Params{From: s.URL, Transport: transport})
		if _, err := c.List(t.Context(), repo, ""); !errors.Is(err, ErrProxy) || !strings.Contains(err.Error(), "the proxy does not let the request") {
			t.Errorf("%d: %v", status, err)
		}
	}
}
