// Package video reads videos through ffmpeg and ffprobe, as child processes: what they are
// and were taken with, and some of their frames. It never reads a video as a whole.
//
// The programs are kept on a short lead: they open the one file and nothing else, with the
// demuxer that its first bytes call for; time and memory are limited; and what they answer
// is bounded before it is read. A hostile video costs itself.
package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"descry/internal/childproc"
	"descry/internal/install"
	"descry/library"
	"descry/library/decode"
)

// Limits on a child process.
const (
	probeTime = 30 * time.Second
	frameTime = 60 * time.Second // for one frame
	memory    = 4 << 30          // bytes of address space: room for 8K at 12 bits a sample
	maxReport = 4 << 20          // bytes of what ffprobe says
	maxNoise  = 4 << 10          // bytes of what a program complains about
	endTime   = 5 * time.Second  // for a killed program to be gone
)

// Tools are the programs that read videos.
type Tools struct {
	ffmpeg, ffprobe string
}

// Find looks for ffmpeg and ffprobe in the folders of PATH. Where they are not there its
// error wraps decode.ErrCodec and names what to install.
func Find() (*Tools, error) {
	var t Tools
	for name, path := range map[string]*string{"ffmpeg": &t.ffmpeg, "ffprobe": &t.ffprobe} {
		found, err := exec.LookPath(name)
		if err != nil {
			fix := "install ffmpeg"
			if line := install.Here().Command(install.FFmpeg); line != "" {
				fix = line
			}
			return nil, decode.Lacking("videos need the program " + name + ": " + fix)
		}
		*path = found
	}
	return &t, nil
}

// Version returns what ffmpeg says of its version, such as "5.1.9".
func (t *Tools) Version(ctx context.Context) (string, error) {
	out, _, err := run(ctx, probeTime, 64<<10, t.ffmpeg, "-nostdin", "-version")
	if err != nil {
		return "", fmt.Errorf("ask ffmpeg for its version: %w", err)
	}
	words := strings.Fields(string(out))
	if len(words) < 3 || words[0] != "ffmpeg" {
		return "", errors.New("ask ffmpeg for its version: it does not say")
	}
	version, _, _ := strings.Cut(words[2], "-")
	return version, nil
}

// Video is a video file that was looked into.
type Video struct {
	// Metadata is what the file says of itself. Width and Height are upright, with square
	// pixels; Orientation is 1.
	Metadata library.Metadata

	tools  *Tools
	path   string
	stream int
	// The colours of the stream, in ffprobe's words.
	matrix, transfer, primaries string
	rate                        float64 // frames a second on average; 0: unknown
}

// Open reads what a video file says of itself. path is absolute or relative to the working
// folder. The error wraps decode.ErrFormat where the content is no video's,
// decode.ErrDamaged where no picture can be found in it, or the cause of ctx.
func (t *Tools) Open(ctx context.Context, path string) (*Video, error) {
	format, err := sniff(path)
	if err != nil {
		return nil, err
	}
	args := append([]string{"-hide_banner", "-loglevel", "error"}, input(format)...)
	args = append(args, "-print_format", "json", "-show_format", "-show_streams", "file:"+path)
	report, _, err := run(ctx, probeTime, maxReport, t.ffprobe, args...)
	if err != nil {
		return nil, fmt.Errorf("look into the video: %w", err)
	}
	v := &Video{tools: t, path: path}
	v.Metadata.Format = format
	if err := v.read(report); err != nil {
		return nil, fmt.Errorf("look into the video: %w", err)
	}
	return v, nil
}

// sniff names the format of a file by its first bytes.
func sniff(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open the video: %w", err)
	}
	defer f.Close()
	head := make([]byte, decode.SniffLen)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the video: %w", err)
	}
	format := decode.Sniff(head[:n])
	if !decode.IsVideo(format) {
		return "", fmt.Errorf("the file is no video: %w", decode.ErrFormat)
	}
	return format, nil
}

// input returns the options that come before a file of a format. The demuxer is fixed, so
// that no file can pass for a playlist or a script, which name other files; and only files
// can be opened, no network.
func input(format string) []string {
	demuxer := map[string]string{
		decode.MP4: "mov", decode.MOV: "mov", decode.MKV: "matroska", decode.WebM: "matroska", decode.AVI: "avi",
	}[format]
	return []string{"-protocol_whitelist", "file", "-f", demuxer}
}

// run runs a program for a limited time and returns what it prints, at most most bytes, and
// what it complains of, as far as that is kept.
// The error wraps decode.ErrDamaged where the program gives up, and the cause of ctx.
func run(ctx context.Context, limit time.Duration, most int64, name string, args ...string) (out []byte, noise string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("%w: it takes longer than %s", decode.ErrTooLarge, limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	childproc.Apart(cmd)
	cmd.WaitDelay = endTime
	complaints := &head{most: maxNoise}
	cmd.Stderr = complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		return nil, "", fmt.Errorf("start %s: %w", name, err)
	}
	_ = childproc.Set(cmd.Process.Pid, memory, 2*limit) // best effort: it may be over already
	out, err = io.ReadAll(io.LimitReader(stdout, most+1))
	full := int64(len(out)) > most
	if full {
		cancel()
	}
	waitErr := cmd.Wait()
	switch {
	case full:
		return nil, "", fmt.Errorf("%w: it says more than %d bytes", decode.ErrDamaged, most)
	case ctx.Err() != nil:
		return nil, "", context.Cause(ctx)
	case waitErr != nil:
		return out, string(complaints.text), fmt.Errorf("%w: %s", decode.ErrDamaged, complaints.lastLine(waitErr))
	case err != nil:
		return nil, "", fmt.Errorf("read what %s says: %w", name, err)
	}
	return out, string(complaints.text), nil
}

// head keeps the beginning of what is written to it.
type head struct {
	most int
	text []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.text = append(h.text, p[:min(len(p), h.most-len(h.text))]...)
	return len(p), nil
}

// lastLine returns the last line that was written, times aside, which says why a program gave
// up, or else the error.
func (h *head) lastLine(err error) string {
	line := ""
	for l := range strings.Lines(string(h.text)) {
		if _, ok := printedTime(l); !ok && strings.TrimSpace(l) != "" {
			line = strings.TrimSpace(l)
		}
	}
	if _, after, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(line, "[") {
		line = after
	}
	if i := strings.LastIndex(line, ": "); strings.HasPrefix(line, "file:") && i > 0 {
		line = line[i+2:] // without the path
	}
	if line = clean(line); line == "" {
		return err.Error()
	}
	return line
}
