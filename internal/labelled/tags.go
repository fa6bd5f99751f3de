package labelled

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ReadTags reads which labels are right for which pictures, from
//
//   - comma- or tab-separated "image,label;label" lines, with or without a heading; a picture may
//     have several lines, or none of the labels ("image,");
//   - JSON: {"picture": ["label", …]};
//   - JSON as COCO has its objects: "images", "categories", and "annotations" between them.
//
// labels are all that occur, sorted. A label that a picture does not have is wrong for it.
func ReadTags(data []byte) (pictures []Tagged, labels []string, err error) {
	var g gather
	switch trimmed := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n"); {
	case len(trimmed) == 0:
		err = errors.New("it is empty")
	case trimmed[0] == '{':
		err = g.tagsObject(trimmed)
	default:
		err = table(data, pictureHeadings, []string{"labels", "label", "tags", "tag", "classes", "class"}, func(picture, text string) {
			g.add(picture, strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '|' || r == ',' })...)
		})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the labels: %w", err)
	}
	for i, picture := range g.order {
		own := make([]string, 0, len(g.texts[i]))
		for _, l := range g.texts[i] {
			if l = strings.Join(strings.Fields(l), " "); l != "" {
				own = append(own, l)
			}
		}
		slices.Sort(own)
		own = slices.Compact(own)
		pictures = append(pictures, Tagged{picture, own})
		labels = append(labels, own...)
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if len(labels) == 0 {
		return nil, nil, errors.New("reading the labels: there is no picture with a label in it")
	}
	return pictures, labels, nil
}

func (g *gather) tagsObject(data []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return err
	}
	if _, ok := keys["annotations"]; ok {
		return g.objects(data)
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var list texts
		if err := json.Unmarshal(keys[name], &list); err != nil {
			return fmt.Errorf("%q is neither a label nor a list of labels", name)
		}
		g.add(name, list...)
	}
	return nil
}

// objects reads COCO's annotations of objects.
func (g *gather) objects(data []byte) error {
	var f cocoFile
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if len(f.Categories) == 0 {
		return errors.New("it has no categories; captions are for: descry eval retrieval")
	}
	categories := make(map[number]string, len(f.Categories))
	for _, c := range f.Categories {
		categories[c.ID] = c.Name
	}
	names := f.files()
	for _, i := range f.Images {
		if i.FileName != "" {
			g.add(i.FileName) // one that shows none of the objects counts, too
		}
	}
	for i, a := range f.Annotations {
		name, label := names[a.Image], categories[a.Category]
		if name == "" || label == "" {
			return fmt.Errorf("annotation %d is of an image or a category that is not there", i+1)
		}
		g.add(name, label)
	}
	return nil
}
