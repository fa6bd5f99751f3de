package codec

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"descry/internal/install"
	"descry/library/decode"
)

// tiny is the header of a JPEG XL picture of 8 × 8 pixels, enough for Probe.
var tiny = []byte{0xff, 0x0a, 0x41, 0x06, 0x00}

func TestBadChildrenCostOneAnswer(t *testing.T) {
	for how, want := range map[string]struct {
		err  error
		says string
	}{
		"killed":     {decode.ErrDamaged, "its decoder crashed (signal: killed)"},
		"exits":      {decode.ErrDamaged, "its decoder crashed (exit status 3)"},
		"babbles":    {decode.ErrDamaged, "its decoder crashed"},
		"boasts":     {decode.ErrDamaged, "its decoder crashed"},
		"breaks off": {decode.ErrDamaged, "its decoder crashed"},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			pool := newPool(t, Params{Children: 1}, how)
			for range 2 { // the pool goes on
				img, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
				if img != nil || !errors.Is(err, want.err) || !strings.Contains(err.Error(), want.says) {
					t.Errorf("error %v, want %q", err, want.says)
				}
				if err != nil && strings.ContainsAny(err.Error(), "\n") {
					t.Errorf("more than a sentence: %q", err)
				}
			}
		})
	}
}

func TestMemoryIsLimited(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: only Linux limits the memory of a process")
	}
	// It reads a line that never ends.
	pool := NewPool(Params{Command: []string{"tail", "/dev/zero"}, Memory: 3 << 30})
	defer pool.Close()
	_, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
	if !errors.Is(err, decode.ErrTooLarge) || !strings.Contains(err.Error(), "more memory") {
		t.Errorf("error %v", err)
	}
}

func TestTimeIsLimited(t *testing.T) {
	pool := newPool(t, Params{Time: 50 * time.Millisecond}, "hangs")
	_, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
	if !errors.Is(err, decode.ErrTooLarge) || !strings.Contains(err.Error(), "longer than 50ms") {
		t.Errorf("error %v", err)
	}
}

func TestCancel(t *testing.T) {
	pool := newPool(t, Params{Children: 1}, "hangs")
	why := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	context.AfterFunc(t.Context(), func() { cancel(nil) })
	done := make(chan error)
	for range 2 { // one at work, one that waits for it
		go func() {
			_, _, err := pool.Decode(ctx, decode.JXL, tiny, 0, decode.Limits{})
			done <- err
		}()
	}
	cancel(why)
	for range 2 {
		if err := <-done; !errors.Is(err, why) {
			t.Errorf("error %v, want the cause", err)
		}
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	pool := newPool(t, Params{Children: 2}, "hangs")
	done := make(chan error)
	for range 3 {
		go func() {
			_, _, err := pool.Decode(context.Background(), decode.JXL, tiny, 0, decode.Limits{})
			done <- err
		}()
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-done; !errors.Is(err, errClosed) {
			t.Errorf("error %v, want that it is closed", err)
		}
	}
}

// What an earlier picture broke in a child is not held against the next one.
func TestSecondChance(t *testing.T) {
	pool := newPool(t, Params{Children: 1}, "dies at the second")
	for range 3 {
		if _, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{}); err != nil {
			t.Error(err)
		}
	}
}

func TestIdleChildrenAreEnded(t *testing.T) {
	pool := newPool(t, Params{Idle: time.Millisecond})
	if _, err := pool.Libraries(t.Context()); err != nil {
		t.Fatal(err)
	}
	for { // ends with the test's time at the latest
		pool.mu.Lock()
		n := len(pool.idle)
		pool.mu.Unlock()
		if n == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestTooLargeIsRefusedBeforehand(t *testing.T) {
	pool := newPool(t, Params{}, "exits") // would crash
	for name, c := range map[string]struct {
		limits decode.Limits
		params Params
		says   string
	}{
		"pixels": {decode.Limits{MaxPixels: 63}, Params{}, "8 × 8 px"},
		"memory": {decode.Limits{}, Params{Memory: 1 << 20}, "of memory, and the limit is 1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pool
			if c.params.Memory > 0 {
				p = newPool(t, c.params, "exits")
			}
			_, _, err := p.Decode(t.Context(), decode.JXL, tiny, 0, c.limits)
			if !errors.Is(err, decode.ErrTooLarge) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

func TestMissingLibraries(t *testing.T) {
	pool := newPool(t, Params{Environment: without("libheif libavif libjxl built-in")})
	_, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
	if !errors.Is(err, decode.ErrCodec) || !strings.Contains(err.Error(), "JPEG XL pictures need libjxl") {
		t.Errorf("error %v", err)
	}
	list, err := pool.Libraries(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("libraries %v, %v", list, err)
	}
	debian := install.Of("linux", "ID=debian\nVERSION_ID=12\n")
	for format, want := range map[string]string{
		decode.HEIF: "HEIC pictures need libheif: sudo apt install libheif1",
		decode.AVIF: "AVIF pictures need libavif: sudo apt install libavif15",
		decode.JXL:  "JPEG XL pictures need libjxl: sudo apt install libjxl0.7",
	} {
		if err := Missing(format, debian); err.Error() != want || !errors.Is(err, decode.ErrCodec) {
			t.Errorf("%s: %q, want %q", format, err, want)
		}
	}
	if err := Missing(decode.AVIF, install.System{}); err.Error() != "AVIF pictures need libavif" {
		t.Errorf("elsewhere: %q", err)
	}
}

// Many at once, through few children, some of which die.
func TestManyAtOnce(t *testing.T) {
	for _, how := range []string{"obeys", "dies at the second", "killed"} {
		pool := newPool(t, Params{Children: 3}, how)
		var group sync.WaitGroup
		for range 12 {
			group.Go(func() {
				_, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
				if (err != nil) != (how == "killed") {
					t.Errorf("%s: %v", how, err)
				}
			})
		}
		group.Wait()
	}
}

func TestStartFails(t *testing.T) {
	pool := NewPool(Params{Command: []string{"/nowhere/descry", Argument}})
	defer pool.Close()
	_, _, err := pool.Decode(t.Context(), decode.JXL, tiny, 0, decode.Limits{})
	if err == nil || errors.Is(err, decode.ErrDamaged) {
		t.Errorf("error %v: it is not the picture's fault", err)
	}
	if _, _, err := pool.Decode(t.Context(), decode.PNG, tiny, 0, decode.Limits{}); !errors.Is(err, decode.ErrFormat) {
		t.Errorf("a PNG: %v", err)
	}
}
