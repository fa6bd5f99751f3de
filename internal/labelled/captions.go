package labelled

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// DefaultSplit is the part of a set in Karpathy's form that figures are published for.
const DefaultSplit = "test"

// flickrNumber is what stands behind the name of a picture in Flickr8k's and Flickr30k's
// token files: "1000268201.jpg#0".
var flickrNumber = regexp.MustCompile(`#\d+$`)

// ReadCaptions reads a captions file in one of these forms, told by what is in it:
//
//   - comma- or tab-separated "image,caption" lines, with or without a heading, and the lines of
//     Flickr8k ("1000268201.jpg#0<TAB>A child …") and Flickr30k ("image| number| caption");
//   - JSON: {"picture": ["caption", …]}, or a list of {"image", "caption"};
//   - JSON as COCO has it: "images" with their file names, "annotations" with captions;
//   - JSON as Karpathy's splits have it: "images" with "sentences" and a "split", of which only
//     the one asked for counts ("": DefaultSplit). There is no other form in which split
//     makes a difference.
//
// Pictures come in the order of their first caption; those without any are left out.
func ReadCaptions(data []byte, split string) ([]Captioned, error) {
	var g gather
	var err error
	switch trimmed := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n"); {
	case len(trimmed) == 0:
		err = errors.New("it is empty")
	case trimmed[0] == '{':
		err = g.captionsObject(trimmed, split)
	case trimmed[0] == '[':
		err = g.captionsList(trimmed)
	default:
		err = table(data, pictureHeadings, []string{"caption", "captions", "text", "comment", "sentence", "title"}, func(picture, text string) {
			g.add(flickrNumber.ReplaceAllString(picture, ""), text)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the captions: %w", err)
	}
	var out []Captioned
	for i, picture := range g.order {
		if len(g.texts[i]) > 0 {
			out = append(out, Captioned{picture, g.texts[i]})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("reading the captions: there is no picture with a caption in it")
	}
	return out, nil
}

// texts is one text or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func (g *gather) captionsObject(data []byte, split string) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return err
	}
	if images, ok := keys["images"]; ok && bytes.HasPrefix(bytes.TrimSpace(images), []byte("[")) && bytes.Contains(images, []byte(`"sentences"`)) {
		return g.karpathy(images, split)
	}
	if _, ok := keys["annotations"]; ok {
		return g.coco(data)
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names) // an object has no order
	for _, name := range names {
		var list texts
		if err := json.Unmarshal(keys[name], &list); err != nil {
			return fmt.Errorf("%q is neither a caption nor a list of captions", name)
		}
		g.add(name, list...)
	}
	return nil
}

func (g *gather) captionsList(data []byte) error {
	var list []struct {
		Image    string `json:"image"`
		FileName string `json:"file_name"`
		Filename string `json:"filename"`
		Caption  texts  `json:"caption"`
		Captions texts  `json:"captions"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for i, e := range list {
		name := cmp.Or(e.Image, e.FileName, e.Filename)
		if name == "" {
			return fmt.Errorf("entry %d names no image", i+1)
		}
		g.add(name, append(slices.Clone(e.Caption), e.Captions...)...)
	}
	return nil
}

// cocoFile is what is read of COCO's annotations (Lin et al. 2014).
type cocoFile struct {
	Images []struct {
		ID       number `json:"id"`
		FileName string `json:"file_name"`
	} `json:"images"`
	Annotations []struct {
		Image    number `json:"image_id"`
		Caption  string `json:"caption"`
		Category number `json:"category_id"`
	} `json:"annotations"`
	Categories []struct {
		ID   number `json:"id"`
		Name string `json:"name"`
	} `json:"categories"`
}

// number is what a set calls a picture or a category by: a number or a text.
type number string

func (n *number) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	*n = number(text)
	return nil
}

// files are the names of the pictures by their numbers.
func (f cocoFile) files() map[number]string {
	names := make(map[number]string, len(f.Images))
	for _, i := range f.Images {
		names[i.ID] = i.FileName
	}
	return names
}

func (g *gather) coco(data []byte) error {
	var f cocoFile
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	names := f.files()
	for i, a := range f.Annotations {
		name := names[a.Image]
		if name == "" {
			return fmt.Errorf("annotation %d is of the image %s, which is not among the images", i+1, a.Image)
		}
		g.add(name, strings.TrimSpace(a.Caption))
	}
	return nil
}

// karpathy reads the form of the splits of Karpathy and Fei-Fei (2015).
func (g *gather) karpathy(data []byte, split string) error {
	var images []struct {
		FileName  string `json:"filename"`
		FilePath  string `json:"filepath"`
		Split     string `json:"split"`
		Sentences []struct {
			Raw string `json:"raw"`
		} `json:"sentences"`
	}
	if err := json.Unmarshal(data, &images); err != nil {
		return err
	}
	if split == "" {
		split = DefaultSplit
	}
	var there []string
	for i, image := range images {
		if image.Split != split {
			if !slices.Contains(there, image.Split) && len(there) < 10 {
				there = append(there, image.Split)
			}
			continue
		}
		if image.FileName == "" {
			return fmt.Errorf("image %d has no filename", i+1)
		}
		name := path.Join(image.FilePath, image.FileName)
		for _, s := range image.Sentences {
			g.add(name, strings.TrimSpace(s.Raw))
		}
	}
	if len(g.order) == 0 && len(there) > 0 {
		return fmt.Errorf("no image is in the split %q; there are %s", split, strings.Join(there, ", "))
	}
	return nil
}
