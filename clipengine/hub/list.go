package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is one file of a model as it is published.
type File struct {
	// Path is where it lies in the model, with "/" between folders.
	Path string
	// Bytes is its size, or -1 where it is not known.
	Bytes int64
	// SHA256 (hex) is its digest, or "".
	SHA256 string
	// Blob is the SHA-1 (hex) that git gives a file of this content, by which hubs know small
	// files, or "".
	Blob string
}

// Listing is what a hub publishes of a model.
type Listing struct {
	Repo, Revision string
	// Commit is what the revision is at the moment (hex), or "" where it is not told; then
	// files are asked for by Revision.
	Commit string
	Files  []File
}

// Bounds of what is read of a list, far above what any model has.
const (
	maxList  = 8 << 20 // bytes of a page
	maxPages = 16
	maxFiles = 20000
	// maxFile is the largest file that is fetched, in bytes.
	maxFile = 64 << 30
)

// List asks what a repository (OWNER/NAME) holds at a revision ("": main). Names that lead
// out of a folder, or that some system cannot have, are left out of it. Errors:
// ErrNotPublished also where a mirror has files but no list of them.
func (c *Client) List(ctx context.Context, repo, revision string) (Listing, error) {
	if revision == "" {
		revision = "main"
	}
	if !validRepo(repo) || !validRevision(revision) {
		return Listing{}, fmt.Errorf("%q at %q cannot be the name of a published model", repo, revision)
	}
	l := Listing{Repo: repo, Revision: revision}
	if c.base == nil {
		return c.listFolder(l)
	}
	what := "the model " + repo
	var about struct {
		Sha string `json:"sha"`
	}
	if err := c.json(ctx, what, c.address("api/models", repo, "revision", revision), &about, nil); err != nil {
		return Listing{}, err
	}
	if commit.MatchString(about.Sha) {
		l.Commit, revision = about.Sha, about.Sha
	}
	address := c.address("api/models", repo, "tree", revision) + "?recursive=true"
	for range maxPages {
		var page []entry
		var next string
		if err := c.json(ctx, "the list of files of "+repo, address, &page, &next); err != nil {
			return Listing{}, err
		}
		l.Files = append(l.Files, filesOf(page)...)
		if len(l.Files) > maxFiles {
			break
		}
		if next == "" {
			return l, nil
		}
		// The next page lies on the same hub, or nowhere.
		to, err := url.Parse(next)
		if err != nil || to.Scheme != c.base.Scheme || to.Host != c.base.Host {
			return Listing{}, sayf(ErrAnswer, errors.New("a link to elsewhere"), "the list of files of %s goes on somewhere else than on %s", repo, c.Where())
		}
		address = next
	}
	return Listing{}, sayf(ErrAnswer, errors.New("too long"), "the list of files of %s has no end", repo)
}

// entry is a line of the hub's list.
type entry struct {
	Type, Path, OID string
	Size            int64
	LFS             *struct {
		OID  string
		Size int64
	}
}

// filesOf takes from a page of the list what can be fetched.
func filesOf(page []entry) []File {
	var files []File
	for _, e := range page {
		if e.Type != "file" || !validPath(e.Path) {
			continue
		}
		f := File{Path: e.Path, Bytes: e.Size}
		switch {
		case e.LFS != nil:
			f.Bytes, f.SHA256 = e.LFS.Size, strings.ToLower(strings.TrimPrefix(e.LFS.OID, "sha256:"))
		default:
			f.Blob = strings.ToLower(e.OID)
		}
		if f.Bytes < 0 || f.Bytes > maxFile || f.SHA256 != "" && !sha256Hex.MatchString(f.SHA256) || f.Blob != "" && !commit.MatchString(f.Blob) {
			continue
		}
		files = append(files, f)
	}
	return files
}

// json reads one document of the hub, and where it goes on.
func (c *Client) json(ctx context.Context, what, address string, v any, next *string) error {
	return c.retry(ctx, func() (bool, error) {
		a, err := c.get(ctx, what, address, nil)
		if err != nil {
			return false, err
		}
		data, err := io.ReadAll(io.LimitReader(a, maxList+1))
		err = errors.Join(err, a.Close())
		switch {
		case err != nil:
			return false, c.failed(ctx, what, err)
		case len(data) > maxList:
			return false, sayf(ErrAnswer, errors.New("too long"), "%s: %s answers with more than is sensible", what, c.Where())
		}
		if err := json.Unmarshal(data, v); err != nil {
			return false, sayf(ErrAnswer, err, "%s: %s does not answer as a hub of models does", what, c.Where())
		}
		if next != nil {
			*next = nextPage(a.Header.Values("Link"))
		}
		return true, nil
	})
}

var nextLink = regexp.MustCompile(`<([^<>]*)>;\s*rel="?next"?`)

// nextPage reads where a list goes on (RFC 8288), or "".
func nextPage(links []string) string {
	if m := nextLink.FindStringSubmatch(strings.Join(links, ",")); m != nil {
		return m[1]
	}
	return ""
}

// listFolder lists a model of a mirror that is a folder.
func (c *Client) listFolder(l Listing) (Listing, error) {
	dir := c.folder(l)
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() && name != "." && !validPath(name) {
			return filepath.SkipDir
		}
		if d.IsDir() || !validPath(name) {
			return nil
		}
		// Mirrors made by the hub's own tools are full of links.
		st, err := os.Stat(p)
		if err != nil || !st.Mode().IsRegular() {
			return nil
		}
		if l.Files = append(l.Files, File{Path: name, Bytes: st.Size()}); len(l.Files) > maxFiles {
			return errors.New("it holds too many files to be a model")
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Listing{}, sayf(ErrNotPublished, err, "the model %s is not in the folder %s", l.Repo, c.dir)
	case err != nil:
		return Listing{}, fmt.Errorf("listing %s: %w", dir, err)
	}
	return l, nil
}

// folder is where a mirror that is a folder holds a model.
func (c *Client) folder(l Listing) string {
	dir := filepath.Join(c.dir, filepath.FromSlash(l.Repo))
	if resolved := filepath.Join(dir, "resolve", filepath.FromSlash(l.Revision)); isDir(resolved) {
		return resolved
	}
	return dir
}

func isDir(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.IsDir()
}

// address joins parts of an address to that of the hub.
func (c *Client) address(parts ...string) string {
	var escaped []string
	for _, part := range parts {
		for name := range strings.SplitSeq(part, "/") {
			escaped = append(escaped, url.PathEscape(name))
		}
	}
	return strings.TrimRight(c.base.String(), "/") + "/" + strings.Join(escaped, "/")
}

var (
	repoName  = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?$`)
	revName   = regexp.MustCompile(`^[\w.-]{1,100}(/[\w.-]{1,100}){0,4}$`)
	commit    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func validRepo(name string) bool { return repoName.MatchString(name) && !strings.Contains(name, "..") }

func validRevision(name string) bool {
	return revName.MatchString(name) && !strings.Contains(name, "..") && path.Clean(name) == name
}

// devices are names that Windows gives to devices, with any ending.
var devices = regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$`)

// validPath tells whether a name from a hub can be a file below a folder on every system, and
// none of those that begin with a dot, among which are the program's own.
func validPath(name string) bool {
	if !fs.ValidPath(name) || name == "." || len(name) > 400 || !utf8.ValidString(name) {
		return false
	}
	parts := strings.Split(name, "/")
	return !slices.ContainsFunc(parts, func(part string) bool {
		base, _, _ := strings.Cut(part, ".")
		return strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") ||
			len(part) > 200 || devices.MatchString(strings.TrimRight(base, " ")) || strings.ContainsAny(part, `\:<>"|?*`) ||
			strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsPrint(r) })
	})
}
