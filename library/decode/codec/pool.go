package codec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"descry/internal/install"
	"descry/library/decode"
)

// Params say how a Pool works. The zero value is of use.
type Params struct {
	// Command starts a child: a program and its arguments. Empty stands for this program
	// with Argument.
	Command []string
	// Environment is what children get, as os.Environ gives it; nil: that of this process.
	Environment []string
	// Children work at the same time at most; 0 stands for one a core.
	Children int
	// Time is how long one picture may take; 0 stands for two minutes.
	Time time.Duration
	// Memory is how many bytes of address space a child may take, where the system can
	// limit it; 0 stands for 6 GiB, less than 0 for no limit. Pictures that take more are
	// refused.
	Memory int64
	// Idle is how long a child waits for the next picture before it is ended; 0 stands for
	// half a minute.
	Idle time.Duration
}

// Pool decodes in child processes. It starts them when they are needed and ends those that
// have nothing to do. Its methods may be called at the same time.
type Pool struct {
	p     Params
	slots chan struct{} // holds one for each child at work

	mu     sync.Mutex
	idle   []*child
	gentle bool // children start at low priority
	closed bool
	stop   context.CancelFunc // ends what is under way
	life   context.Context
}

// SetGentle has children start at low priority from now on, or at the usual one. Those that were
// started otherwise end when they have nothing to do.
func (p *Pool) SetGentle(on bool) {
	p.mu.Lock()
	if p.gentle == on {
		p.mu.Unlock()
		return
	}
	p.gentle = on
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		c.rest.Stop()
		c.end()
	}
}

// errClosed is the cause of what Close cut off.
var errClosed = errors.New("the decoders are being ended")

// NewPool returns a pool that has not started any child.
func NewPool(p Params) *Pool {
	if p.Children <= 0 {
		p.Children = runtime.GOMAXPROCS(0)
	}
	if p.Time <= 0 {
		p.Time = 2 * time.Minute
	}
	if p.Memory == 0 {
		p.Memory = 6 << 30
	}
	if p.Idle <= 0 {
		p.Idle = 30 * time.Second
	}
	pool := &Pool{p: p, slots: make(chan struct{}, p.Children)}
	pool.life, pool.stop = context.WithCancel(context.Background())
	return pool
}

// Close ends all children, in the middle of what they do.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	p.stop()
	for _, c := range idle {
		c.end()
	}
	for range cap(p.slots) { // wait for those at work
		p.slots <- struct{}{}
	}
	for range cap(p.slots) {
		<-p.slots
	}
	return nil
}

// Address space that a child takes: for itself (measured: up to 1.45 GB, most of it set aside
// by Go and never touched), for each byte of the file, and for each pixel of the picture.
// Per pixel, libheif took 14 bytes, libavif 21, libjxl 20 and the built-in decoder 53.
const (
	ownMemory      = 2 << 30
	memoryPerByte  = 3
	memoryPerPixel = 64
	leastPerPixel  = 14
)

// Decode implements decode.Codecs.
func (p *Pool) Decode(ctx context.Context, format string, data []byte, minSide int, l decode.Limits) (*image.NRGBA, []byte, error) {
	if _, ok := formatNumber(format); !ok {
		return nil, nil, fmt.Errorf("decode %s outside: %w", format, decode.ErrFormat)
	}
	if l.MaxPixels <= 0 {
		l.MaxPixels = decode.DefaultLimits.MaxPixels
	}
	info, err := decode.Probe(data)
	if err != nil {
		return nil, nil, err
	}
	pixels := int64(info.Width) * int64(info.Height)
	if pixels > l.MaxPixels {
		return nil, nil, fmt.Errorf("%w: it is %d × %d px, and the limit is %d megapixels",
			decode.ErrTooLarge, info.Width, info.Height, (l.MaxPixels+5e5)/1e6)
	}
	base := ownMemory + memoryPerByte*int64(len(data))
	if least := base + leastPerPixel*pixels; p.p.Memory > 0 && least > p.p.Memory {
		return nil, nil, fmt.Errorf("%w: decoding its %d megapixels takes about %d MB of memory, and the limit is %d",
			decode.ErrTooLarge, (pixels+5e5)/1e6, least>>20, p.p.Memory>>20)
	}
	memory := base + memoryPerPixel*pixels
	a, err := p.ask(ctx, memory, request{
		kind: askDecode, format: format, minSide: minSide, maxPixels: l.MaxPixels, data: data,
	})
	switch {
	case err != nil:
		return nil, nil, err
	case a.fault != nil && a.fault.kind == faultMissing:
		return nil, nil, Missing(format, install.Here())
	case a.fault != nil:
		return nil, nil, a.fault
	case a.width == 0 || a.height == 0:
		return nil, nil, fmt.Errorf("%w: its decoder gave no picture", decode.ErrDamaged)
	}
	img := &image.NRGBA{Pix: a.pix, Stride: 4 * a.width, Rect: image.Rect(0, 0, a.width, a.height)}
	if len(a.profile) == 0 {
		a.profile = nil
	}
	return img, a.profile, nil
}

// Libraries asks a child which decoders there are.
func (p *Pool) Libraries(ctx context.Context) ([]Library, error) {
	a, err := p.ask(ctx, ownMemory, request{kind: askList})
	if err != nil {
		return nil, fmt.Errorf("ask which decoders there are: %w", err)
	}
	var list []Library
	if err := json.Unmarshal([]byte(a.text), &list); err != nil {
		return nil, fmt.Errorf("ask which decoders there are: %w", err)
	}
	return list, nil
}

// Missing is the error for pictures of a format that no library is there for. It wraps
// decode.ErrCodec and says what to install on a system.
func Missing(format string, system install.System) error {
	name, thing := Needs(format)
	text := fmt.Sprintf("%s pictures need %s", name, thing)
	if line := system.Command(thing); line != "" {
		text += ": " + line
	}
	return decode.Lacking(text)
}

// Needs returns the name of a format as people know it and the library that reads it.
func Needs(format string) (name, thing string) {
	switch format {
	case decode.AVIF:
		return "AVIF", install.Libavif
	case decode.JXL:
		return "JPEG XL", install.Libjxl
	}
	return "HEIC", install.Libheif
}

// ask has a child answer a request. A child that dies in the middle of its first request was
// killed by the file; one that had answered others before may have been hurt by those, so
// the file gets a second chance with a fresh one.
func (p *Pool) ask(ctx context.Context, memory int64, q request) (answer, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	case <-p.life.Done():
		return answer{}, errClosed
	}
	for {
		c, err := p.take()
		if err != nil {
			return answer{}, err
		}
		used := c.answered > 0
		a, err := p.askOne(ctx, c, memory, q)
		if err == nil {
			p.put(c)
			return a, nil
		}
		if died := (*deathError)(nil); !errors.As(err, &died) || !used {
			return answer{}, err
		}
	}
}

// askOne has one child answer, within the time a picture may take. After an error the child
// is gone.
func (p *Pool) askOne(ctx context.Context, c *child, memory int64, q request) (answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.p.Time,
		fmt.Errorf("%w: decoding it takes longer than %s", decode.ErrTooLarge, p.p.Time))
	defer cancel()
	unhook := context.AfterFunc(p.life, cancel)
	defer unhook()
	unkill := context.AfterFunc(ctx, c.kill)
	a, err := c.ask(memory, q)
	if !unkill() {
		c.end()
		if p.life.Err() != nil {
			return answer{}, errClosed
		}
		return answer{}, context.Cause(ctx)
	}
	if err != nil {
		return answer{}, c.death()
	}
	return a, nil
}

// take returns an idle child, or a new one.
func (p *Pool) take() (*child, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		c.rest.Stop()
		return c, nil
	}
	closed, gentle := p.closed, p.gentle
	p.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	command, environment := p.p.Command, p.p.Environment
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the program's own file: %w", err)
		}
		command = []string{self, Argument}
	}
	if environment == nil {
		environment = os.Environ()
	}
	c, err := start(command, environment, p.p.Memory, gentle)
	if err != nil {
		return nil, fmt.Errorf("start the decoder %s: %w", strings.Join(command, " "), err)
	}
	return c, nil
}

// lifetime is how many pictures a child decodes, so that what its libraries leak or break
// does not add up.
const lifetime = 1000

// put lays a child aside for the next picture.
func (p *Pool) put(c *child) {
	p.mu.Lock()
	if p.closed || c.answered >= lifetime || c.gentle != p.gentle {
		p.mu.Unlock()
		c.end()
		return
	}
	p.idle = append(p.idle, c)
	c.rest = time.AfterFunc(p.p.Idle, func() { p.dismiss(c) })
	p.mu.Unlock()
}

// dismiss ends a child that still has nothing to do.
func (p *Pool) dismiss(c *child) {
	p.mu.Lock()
	for i, other := range p.idle {
		if other == c {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.mu.Unlock()
			c.end()
			return
		}
	}
	p.mu.Unlock()
}
