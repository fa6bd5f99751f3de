package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"

	"descry/clipengine"
	"descry/library"
	"descry/library/decode"
	"descry/library/indexer"
	"descry/library/metadata"
	"descry/library/thumbs"
	"descry/library/video"
	"descry/tagging"
)

// maxFileBytes bounds what is read of one file into memory.
const maxFileBytes = 1 << 30

// readPicture reads and decodes one picture file.
func (a *App) readPicture(ctx context.Context, path string, minSide int) (*image.RGBA, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	// Bad metadata costs the orientation at most.
	m, _ := metadata.Read(data)
	img, _, err := decode.Decode(ctx, data, decode.Options{Orientation: m.Orientation, MinSide: minSide, Codecs: a.decoders()})
	if err != nil {
		return nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	return img, nil
}

var errNotThere = errors.New("there is no such file")

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", path, errNotThere)
	case err != nil:
		return nil, fmt.Errorf("reading the picture: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder, not a picture", path)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("%s is larger than 1 GiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	return data, nil
}

// ReadMetadata reads what a picture or video file says of itself; notes says what of it could
// not be read, nil where all could. Of a video without ffmpeg that is all but the format.
func ReadMetadata(ctx context.Context, path string) (m library.Metadata, notes, err error) {
	if format := videoFormat(path); format != "" {
		tools, err := video.Find()
		if err != nil {
			return library.Metadata{Format: format, Orientation: 1}, err, nil
		}
		v, err := tools.Open(ctx, path)
		if err != nil {
			return m, nil, fmt.Errorf("reading the metadata of %s: %w", path, err)
		}
		v.Metadata.Orientation = 1
		return v.Metadata, nil, nil
	}
	data, err := readFile(path)
	if err != nil {
		return library.Metadata{}, nil, err
	}
	m, notes = metadata.Read(data)
	if notes != nil && m.Format == "" {
		return m, nil, fmt.Errorf("reading the metadata of %s: %w", path, notes)
	}
	return m, notes, nil
}

// videoFormat names the format of a video file by its first bytes, "" where it is none or
// cannot be read.
func videoFormat(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, decode.SniffLen)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	if format := decode.Sniff(head[:n]); decode.IsVideo(format) {
		return format
	}
	return ""
}

// encodeFile is the unit vector of a picture file.
func (a *App) encodeFile(ctx context.Context, engine *clipengine.Engine, path string) ([]float32, error) {
	img, err := a.readPicture(ctx, path, engine.MinSide())
	if err != nil {
		return nil, err
	}
	vec, err := engine.EncodeImage(ctx, img)
	if err != nil {
		return nil, fmt.Errorf("looking at %s: %w", path, err)
	}
	return vec, nil
}

// EmbedTexts returns the unit vectors of texts.
func (a *App) EmbedTexts(ctx context.Context, texts []string) ([]Embedded, error) {
	return a.embed(ctx, texts, func(engine *clipengine.Engine, text string) ([]float32, error) {
		return engine.EncodeText(ctx, text)
	})
}

// EmbedPictures returns the unit vectors of picture files. A file that cannot be used has
// its Err set.
func (a *App) EmbedPictures(ctx context.Context, paths []string) ([]Embedded, error) {
	return a.embed(ctx, paths, func(engine *clipengine.Engine, path string) ([]float32, error) {
		return a.encodeFile(ctx, engine, path)
	})
}

func (a *App) embed(ctx context.Context, inputs []string, encode func(*clipengine.Engine, string) ([]float32, error)) ([]Embedded, error) {
	engine, err := a.engine(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]Embedded, 0, len(inputs))
	for _, in := range inputs {
		vec, err := encode(engine, in)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, ErrNoModel) { // which is not the input's fault
			return nil, err
		}
		results = append(results, Embedded{Input: in, Vector: vec, Err: err})
	}
	return results, nil
}

// Classify says how well each label fits each picture file: template ensemble, softmax
// with the model's scale (sigmoid models: sigmoid).
func (a *App) Classify(ctx context.Context, labels, paths []string) ([]Classified, error) {
	engine, err := a.engine(ctx)
	if err != nil {
		return nil, err
	}
	classifier, err := tagging.NewClassifier(ctx, engine, a.p.Templates, labels)
	if err != nil {
		return nil, err
	}
	pictures, err := a.EmbedPictures(ctx, paths)
	if err != nil {
		return nil, err
	}
	results := make([]Classified, 0, len(paths))
	for _, p := range pictures {
		r := Classified{Path: p.Input, Err: p.Err}
		if p.Err == nil {
			r.Probabilities = classifier.Probabilities(p.Vector)
		}
		results = append(results, r)
	}
	return results, nil
}

// Score is the cosine of a text and each picture file.
func (a *App) Score(ctx context.Context, text string, paths []string) ([]Scored, error) {
	texts, err := a.EmbedTexts(ctx, []string{text})
	if err != nil {
		return nil, err
	}
	if texts[0].Err != nil {
		return nil, texts[0].Err
	}
	pictures, err := a.EmbedPictures(ctx, paths)
	if err != nil {
		return nil, err
	}
	results := make([]Scored, 0, len(paths))
	for _, p := range pictures {
		r := Scored{Path: p.Input, Err: p.Err}
		if p.Err == nil {
			r.Cosine = dot(texts[0].Vector, p.Vector)
		}
		results = append(results, r)
	}
	return results, nil
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// Thumbnail returns the stored thumbnail of a picture. It is to be called off the UI
// thread.
func (a *App) Thumbnail(ctx context.Context, p library.Picture) (*image.RGBA, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	img, err := a.thumbs.Load(p)
	if err != nil {
		if again, failed := a.thumbnailAgain(ctx, p); failed == nil {
			return again, nil
		}
		return nil, fmt.Errorf("loading the thumbnail: %w", err)
	}
	return img, nil
}

// thumbnailAgain makes a thumbnail that is lost or damaged, or was deleted to make room, from a
// file that is at hand and was not changed since it was looked at.
func (a *App) thumbnailAgain(ctx context.Context, p library.Picture) (*image.RGBA, error) {
	known, _, err := a.store.Known(ctx, p.Content, 0)
	if err != nil {
		return nil, err
	}
	d, err := a.store.Detail(ctx, known.Photo)
	if err != nil {
		return nil, err
	}
	if d.Picture != p {
		return nil, library.ErrNotFound
	}
	read := func(path string) (*image.RGBA, error) { return a.readPicture(ctx, path, indexer.DecodeSide(nil)) }
	if decode.IsVideo(d.Metadata.Format) {
		read = func(path string) (*image.RGBA, error) { return a.readFrame(ctx, path, p) }
	}
	for _, f := range d.Files {
		if f.State != library.Present {
			continue
		}
		if info, err := os.Stat(f.Path); err != nil || !sameStat(info, f.Stat) {
			continue
		}
		img, err := read(f.Path)
		if err != nil {
			a.p.Log.Debug("a thumbnail is not made again", "path", f.Path, "error", err)
			continue
		}
		thumb := thumbs.Make(img)
		if a.needWriting() == nil {
			if err := a.thumbs.Put(p, thumb); err != nil {
				a.p.Log.Warn("keeping a thumbnail", "error", err)
			}
			a.madeAgain.Add(1)
		}
		return thumb, nil
	}
	return nil, library.ErrNotFound
}

// readFrame takes the frame from a video file that stands for it in the library.
func (a *App) readFrame(ctx context.Context, path string, p library.Picture) (*image.RGBA, error) {
	at, err := a.store.FrameTime(ctx, p)
	if err != nil {
		return nil, err
	}
	tools, err := video.Find()
	if err != nil {
		return nil, err
	}
	v, err := tools.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return indexer.Shown(ctx, v, at)
}

// Picture decodes a photo in full for the viewer. Where its disk is away, the thumbnail
// stands in.
func (a *App) Picture(ctx context.Context, id library.PhotoID) (*image.RGBA, error) {
	d, err := a.store.Detail(ctx, id)
	if err != nil {
		return nil, err
	}
	var problem error
	for _, f := range d.Files {
		if f.State != library.Present || decode.IsVideo(d.Metadata.Format) {
			continue
		}
		img, err := a.readPicture(ctx, f.Path, 0)
		if err == nil {
			return img, nil
		}
		problem = err
	}
	if img, err := a.Thumbnail(ctx, d.Picture); err == nil {
		return img, nil
	}
	if problem == nil {
		problem = fmt.Errorf("no file of the photo is there: %w", library.ErrNotFound)
	}
	return nil, problem
}
