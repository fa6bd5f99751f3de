package hub

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's name for a small file; large ones have a SHA-256
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"descry/internal/disk"
)

// part is one file under way.
type part struct {
	d    *download
	file *File
	mark *mark
	out  *os.File
	at   int64 // bytes that are there
	kept int64 // of them, those of an earlier attempt
	// sum is the SHA-256 of them, blob git's SHA-1 or nil.
	sum, blob hash.Hash
	// pieced: they did not all come in one answer.
	pieced bool
	// lost is how often bytes that were there had to be thrown away.
	lost int
}

// maxLost bounds how often a file is begun anew, for servers on which it changes all the time.
const maxLost = 4

// fetch brings one file and checks it. It sets the size and SHA-256 of f.
func (d *download) fetch(ctx context.Context, f *File, m *mark) error {
	if dir := path.Dir(f.Path); dir != "." {
		if err := d.root.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the folder for %s: %w", f.Path, err)
		}
	}
	out, err := d.root.OpenFile(f.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.Path, err)
	}
	p := &part{d: d, file: f, mark: m, out: out}
	err = p.run(ctx)
	return errors.Join(err, out.Close())
}

func (p *part) run(ctx context.Context) error {
	if err := p.recount(ctx); err != nil {
		return err
	}
	err := p.d.c.retry(ctx, func() (bool, error) {
		before := p.at
		err := p.attempt(ctx)
		return p.at > before, err
	})
	if err != nil {
		return err
	}
	if err := p.out.Sync(); err != nil {
		return fmt.Errorf("writing %s: %w", p.file.Path, err)
	}
	p.file.Bytes, p.file.SHA256 = p.at, hex.EncodeToString(p.sum.Sum(nil))
	p.d.report(p.file.Path, 0, 0, true)
	return nil
}

// restart forgets the bytes that are there.
func (p *part) restart() error {
	if p.at > 0 {
		p.lost++
		p.d.report(p.file.Path, p.kept-p.at, -p.kept, false)
	}
	p.at, p.kept, p.pieced = 0, 0, false
	p.newHashes()
	if err := p.out.Truncate(0); err != nil {
		return fmt.Errorf("writing %s: %w", p.file.Path, err)
	}
	if _, err := p.out.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("writing %s: %w", p.file.Path, err)
	}
	return nil
}

// recount reads what an earlier attempt left of the file.
func (p *part) recount(ctx context.Context) error {
	st, err := p.out.Stat()
	if err != nil {
		return fmt.Errorf("reading %s: %w", p.file.Path, err)
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s is in the way and is no regular file", p.file.Path)
	}
	there := st.Size()
	if there == 0 || p.file.Bytes >= 0 && there > p.file.Bytes {
		return p.restart()
	}
	p.newHashes()
	buf := make([]byte, 1<<20)
	for p.at < there {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := p.out.Read(buf[:min(int64(len(buf)), there-p.at)])
		if err != nil {
			return fmt.Errorf("reading what is there of %s: %w", p.file.Path, err)
		}
		p.hash(buf[:n])
		p.at += int64(n)
	}
	p.kept, p.pieced = p.at, true
	p.d.report(p.file.Path, 0, p.kept, false)
	return nil
}

// newHashes begins the digests of the file.
func (p *part) newHashes() {
	p.sum, p.blob = sha256.New(), nil
	if p.file.Blob != "" && p.file.SHA256 == "" && p.file.Bytes >= 0 {
		p.blob = sha1.New() //nolint:gosec // as above
		fmt.Fprintf(p.blob, "blob %d\x00", p.file.Bytes)
	}
}

func (p *part) hash(b []byte) {
	p.sum.Write(b)
	if p.blob != nil {
		p.blob.Write(b)
	}
}

// attempt brings what is missing and checks the whole. Errors marked passing are worth another
// attempt.
func (p *part) attempt(ctx context.Context) error {
	if p.file.Bytes >= 0 && p.at == p.file.Bytes {
		return p.check()
	}
	in, err := p.open(ctx)
	if err != nil {
		return err
	}
	err = p.copy(ctx, in)
	if err = errors.Join(err, in.Close()); err != nil {
		return err
	}
	return p.check()
}

// check compares what is there with what was published. What differs is thrown away; what was
// put together of several answers is fetched once more in one.
func (p *part) check() error {
	var is, want string
	switch {
	case p.file.SHA256 != "":
		is, want = hex.EncodeToString(p.sum.Sum(nil)), strings.ToLower(p.file.SHA256)
	case p.blob != nil:
		is, want = hex.EncodeToString(p.blob.Sum(nil)), p.file.Blob
	}
	if is == want {
		return nil
	}
	pieced := p.pieced
	if err := p.restart(); err != nil {
		return err
	}
	err := fmt.Errorf("its digest is %s, not %s", is, want)
	if pieced && p.lost == 1 {
		err = passing{err}
	}
	return sayf(ErrOther, err, "%s is not the file that was published; what came from %s was thrown away: its digest is %.12s…, not %.12s…",
		p.file.Path, p.d.c.Where(), is, want)
}

// open asks for what is missing of the file. When the answer is the whole file, what was there
// is forgotten.
func (p *part) open(ctx context.Context) (io.ReadCloser, error) {
	c := p.d.c
	if c.base == nil {
		return p.openLocal()
	}
	revision := p.d.job.Commit
	if revision == "" {
		revision = p.d.job.Revision
	}
	header := http.Header{}
	if p.at > 0 && !p.file.certain() && (p.mark.ETag == "" || p.mark.From != c.Where()) {
		// Nothing would show that the rest belongs to it.
		if err := p.restart(); err != nil {
			return nil, err
		}
	}
	if p.at > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(p.at, 10)+"-")
		if p.mark.ETag != "" && p.mark.From == c.Where() {
			header.Set("If-Range", p.mark.ETag)
		}
	}
	a, err := c.get(ctx, p.file.Path, c.address(p.d.job.Repo, "resolve", revision, p.file.Path), header)
	if err != nil {
		return nil, err
	}
	if err := p.accept(a); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+|\*)$`)

// accept compares the head of an answer with what was asked for.
func (p *part) accept(a *answer) error {
	where := p.d.c.Where()
	if e := a.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return sayf(ErrAnswer, errors.New("encoded"), "%s: %s sends it packed as %q, which was not asked for", p.file.Path, where, e)
	}
	etag := a.Header.Get("ETag")
	if !strings.HasPrefix(etag, `"`) || len(etag) > 400 {
		etag = "" // none, or one that says only that it means much the same
	}
	total := a.ContentLength
	switch a.StatusCode {
	case http.StatusOK:
		if err := p.restart(); err != nil {
			return err
		}
	case http.StatusPartialContent:
		m := contentRange.FindStringSubmatch(a.Header.Get("Content-Range"))
		if m == nil || m[1] != strconv.FormatInt(p.at, 10) || p.at == 0 {
			return p.again(a, "%s: %s sends another part of it than was asked for", p.file.Path, where)
		}
		if etag != "" && p.mark.ETag != "" && p.mark.From == where && etag != p.mark.ETag {
			return p.again(a, "%s has changed on %s meanwhile", p.file.Path, where)
		}
		total = -1
		if n, err := strconv.ParseInt(m[3], 10, 64); err == nil {
			total = n
		}
		p.pieced = true
	default: // the range is not there
		return p.again(a, "%s: %s has no more of it than is here, and that is not all", p.file.Path, where)
	}
	if total >= 0 && p.file.Bytes >= 0 && total != p.file.Bytes {
		return sayf(ErrOther, errors.New("another size"), "%s is not the file that was published: %s has %d bytes of it, not %d", p.file.Path, where, total, p.file.Bytes)
	}
	if total > maxFile {
		return sayf(ErrAnswer, errors.New("too large"), "%s: %s has %s of it, more than any model", p.file.Path, where, Size(total))
	}
	if p.file.Bytes < 0 && total >= 0 {
		p.file.Bytes = total
		p.d.grows(total)
	}
	return p.d.note(p.mark, etag, where)
}

// again gives up what is there, and asks for another attempt if there was something.
func (p *part) again(a *answer, format string, args ...any) error {
	err := fmt.Errorf("status %d", a.StatusCode)
	if p.at > 0 && p.lost < maxLost {
		err = passing{err}
	}
	return errors.Join(sayf(ErrOther, err, format, args...), p.restart())
}

// openLocal opens a file of a mirror that is a folder, behind what is there already.
func (p *part) openLocal() (io.ReadCloser, error) {
	name := filepath.Join(p.d.c.folder(p.d.job.Listing), filepath.FromSlash(p.file.Path))
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, sayf(ErrNotPublished, err, "%s is not in the folder %s", p.file.Path, p.d.c.dir)
	case !st.Mode().IsRegular():
		return nil, sayf(ErrOther, os.ErrInvalid, "%s is no regular file in the folder %s", p.file.Path, p.d.c.dir)
	case p.file.Bytes >= 0 && st.Size() != p.file.Bytes:
		return nil, sayf(ErrOther, os.ErrInvalid, "%s is not the file that was published: the folder %s has %d bytes of it, not %d",
			p.file.Path, p.d.c.dir, st.Size(), p.file.Bytes)
	}
	if p.file.Bytes < 0 {
		p.file.Bytes = st.Size()
		p.d.grows(st.Size())
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	if _, err := in.Seek(p.at, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the model: %w", err), in.Close())
	}
	return in, nil
}

// copy writes and hashes what comes, and no more than the file is said to have.
func (p *part) copy(ctx context.Context, in io.Reader) error {
	limit := p.file.Bytes
	if limit < 0 {
		limit = maxFile
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := in.Read(buf)
		if p.at+int64(n) > limit {
			return errors.Join(p.restart(), sayf(ErrOther, errors.New("too long"),
				"%s is not the file that was published: %s sends more than its %d bytes", p.file.Path, p.d.c.Where(), limit))
		}
		if n > 0 {
			written, failed := p.out.Write(buf[:n])
			p.hash(buf[:written])
			p.at += int64(written)
			p.d.report(p.file.Path, int64(written), 0, false)
			if failed != nil {
				return p.unwritten(failed)
			}
		}
		switch {
		case errors.Is(err, io.EOF) && p.file.Bytes >= 0 && p.at < p.file.Bytes:
			err = io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			return nil
		case err == nil:
			err = context.Cause(ctx)
		}
		if err != nil {
			return p.d.c.failed(ctx, p.file.Path, err)
		}
	}
}

// unwritten is the sentence for what the disk refused.
func (p *part) unwritten(err error) error {
	if disk.Full(err) {
		return sayf(ErrNoRoom, err, "the disk became full while %s was fetched; what came is kept", p.file.Path)
	}
	return fmt.Errorf("writing %s: %w", p.file.Path, err)
}
