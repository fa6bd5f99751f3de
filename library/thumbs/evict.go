package thumbs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stale is the age at which a file that was being written belongs to no living process.
const stale = time.Hour

// Size adds up the bytes of all thumbnails.
func (c *Cache) Size(ctx context.Context) (bytes int64, err error) {
	err = c.each(ctx, func(_ string, info fs.FileInfo) { bytes += info.Size() })
	return bytes, err
}

// Evict deletes thumbnails, least recently written first and keeping those for whose file
// name (as Path gives it) keep returns true to the end, until they take at most budget
// bytes. It returns the bytes that were freed. What is deleted is made again when its
// photo is next at hand. Files left over by a process that died go too.
func (c *Cache) Evict(ctx context.Context, budget int64, keep func(path string) bool) (freed int64, err error) {
	type file struct {
		path    string
		size    int64
		written time.Time
		keep    bool
	}
	var files []file
	var total int64
	if err := c.each(ctx, func(path string, info fs.FileInfo) {
		files = append(files, file{path, info.Size(), info.ModTime(), keep != nil && keep(path)})
		total += info.Size()
	}); err != nil {
		return 0, err
	}
	slices.SortFunc(files, func(a, b file) int {
		if a.keep != b.keep {
			if a.keep {
				return 1
			}
			return -1
		}
		return a.written.Compare(b.written)
	})
	for _, f := range files {
		if total-freed <= budget {
			break
		}
		if err := context.Cause(ctx); err != nil {
			return freed, err
		}
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return freed, fmt.Errorf("making room for thumbnails: %w", err)
		}
		freed += f.size
	}
	return freed, nil
}

// each calls fn for every thumbnail, and deletes what dead processes left.
func (c *Cache) each(ctx context.Context, fn func(path string, info fs.FileInfo)) error {
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case filepath.Ext(path) == ".jpg":
			fn(path, info)
		case strings.HasPrefix(d.Name(), temporary) && time.Since(info.ModTime()) > stale:
			_ = os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking through the thumbnails: %w", err)
	}
	return nil
}
