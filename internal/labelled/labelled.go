// Package labelled reads data sets that say what is in their pictures, in the forms in which
// such sets are published: captions, labels, and folders that are classes. It reads names and
// texts alone, no picture. What it reads may be anyone's, so nothing in it is trusted.
package labelled

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Captioned is a picture and what people wrote of it.
type Captioned struct {
	Picture  string // path as the file has it, with slashes
	Captions []string
}

// Tagged is a picture and the labels that are right for it.
type Tagged struct {
	Picture string
	Labels  []string
}

// table reads comma- or tab-separated lines of two columns, a picture and a text. A heading
// is told by its names and may name more columns in any order.
func table(data []byte, pictures, texts []string, row func(picture, text string)) error {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return errors.New("it is not text in UTF-8")
	}
	first, _, _ := strings.Cut(string(data[:min(len(data), 1<<16)]), "\n")
	var next func() ([]string, error)
	separator := ", "
	switch comma, _, bar := strings.Cut(first, "|"); {
	case strings.Contains(first, "\t"):
		separator = "\t"
		next = split(data, separator)
	case bar && !strings.Contains(comma, ","):
		separator = "|"
		next = split(data, separator)
	default:
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
		next = r.Read
	}
	picture, text, last, width, n := 0, 1, true, 2, 0
	for line := 0; ; line++ {
		fields, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if line == 0 {
			p, t := column(fields, pictures), column(fields, texts)
			if p >= 0 && t >= 0 {
				picture, text, last, width = p, t, t == len(fields)-1, len(fields)
				continue
			}
		}
		if len(fields) == 1 && fields[0] == "" {
			continue
		}
		if len(fields) == width-1 && last && text > 1 {
			fields = parted(fields)
		}
		if len(fields) < width {
			return fmt.Errorf("line %d has no two columns, a picture and a text", line+1)
		}
		of := fields[text]
		if last {
			// A text at the end may hold the separator, though nothing quotes it.
			of = strings.Join(fields[text:], separator)
		}
		if fields[picture] == "" {
			return fmt.Errorf("line %d names no picture", line+1)
		}
		row(fields[picture], of)
		n++
	}
	if n == 0 {
		return errors.New("there is no line in it")
	}
	return nil
}

// parted makes two fields of a last one that begins with a number: in the published file of
// Flickr30k one line lacks what stands behind the number ("2199200615.jpg| 4   A dog …").
func parted(fields []string) []string {
	end := len(fields) - 1
	number, rest, _ := strings.Cut(fields[end], " ")
	if _, err := strconv.Atoi(number); err != nil || strings.TrimSpace(rest) == "" {
		return fields
	}
	return append(slices.Clone(fields[:end]), number, strings.TrimSpace(rest))
}

// split reads lines that quote nothing.
func split(data []byte, separator string) func() ([]string, error) {
	rest := string(data)
	return func() ([]string, error) {
		if rest == "" {
			return nil, io.EOF
		}
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		return strings.Split(strings.TrimSuffix(line, "\r"), separator), nil
	}
}

// column is the first column whose heading is one of these names, -1 for none.
func column(heading, names []string) int {
	for _, n := range names {
		for i, h := range heading {
			if strings.EqualFold(strings.TrimSpace(h), n) {
				return i
			}
		}
	}
	return -1
}

// pictureHeadings are what a column of pictures is called, the surest first.
var pictureHeadings = []string{"image", "picture", "photo", "file", "path", "filename", "file_name", "filepath", "image_name", "image_id"}

// gather brings the texts of one picture together, in the order in which pictures come.
type gather struct {
	index map[string]int
	order []string
	texts [][]string
}

func (g *gather) add(picture string, texts ...string) {
	if g.index == nil {
		g.index = map[string]int{}
	}
	i, ok := g.index[picture]
	if !ok {
		i = len(g.order)
		g.index[picture] = i
		g.order, g.texts = append(g.order, picture), append(g.texts, nil)
	}
	for _, t := range texts {
		if t != "" {
			g.texts[i] = append(g.texts[i], t)
		}
	}
}
