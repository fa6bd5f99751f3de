package cli

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"descry/internal/accuracy"
	"descry/internal/chart"
	"descry/internal/labelled"
	"descry/ui/app"
)

// evalDocument is the answer of the verbs of eval.
type evalDocument struct {
	Evaluation string              `json:"evaluation"` // "classes", "retrieval", "tags" or "photos"
	Pictures   int                 `json:"pictures"`
	Failed     []failureDocument   `json:"failed"`
	Notes      []string            `json:"notes"`
	Models     []evalModelDocument `json:"models"`
	Queries    []string            `json:"queries,omitempty"`
	Written    []pathField         `json:"written"`

	title, about string
}

// evalModelDocument is what was found of one model; which of the last fields it has depends on
// the evaluation.
type evalModelDocument struct {
	Model           string            `json:"model"`
	Name            string            `json:"name"`
	Problem         string            `json:"problem,omitempty"`
	Bytes           int64             `json:"bytes"`
	Provider        string            `json:"provider"`
	Pictures        int               `json:"pictures"`
	PhotosPerSecond float64           `json:"photos_per_second"` // from files, all cores together
	EncodeMS        float64           `json:"encode_ms"`         // of the model alone, one picture on one core; 0: on a device, in batches
	TextMS          float64           `json:"text_ms"`           // one text on one core; 0: too few
	Measures        []measureDocument `json:"measures"`
	Notes           []string          `json:"notes"`

	Classes    []classDocument     `json:"classes,omitempty"`
	Mistakes   []mistakeDocument   `json:"mistakes,omitempty"`
	MedianRank *medianRankDocument `json:"median_rank,omitempty"`
	Labels     []labelDocument     `json:"labels,omitempty"`
	InCommon   []inCommonDocument  `json:"in_common,omitempty"`
	Found      []foundDocument     `json:"found,omitempty"`
}

// measureDocument is a share from 0 to 1 with its 95 % interval, of n trials.
type measureDocument struct {
	Measure string  `json:"measure"`
	Value   float64 `json:"value"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	N       int     `json:"n"`
}

type classDocument struct {
	Class    string `json:"class"`
	Folder   string `json:"folder"`
	Pictures int    `json:"pictures"`
	Right    int    `json:"right"`
}

type mistakeDocument struct {
	Class    string `json:"class"`
	TakenFor string `json:"taken_for"`
	Pictures int    `json:"pictures"`
	Of       int    `json:"of"`
}

type medianRankDocument struct {
	TextToPicture float64 `json:"text_to_picture"`
	PictureToText float64 `json:"picture_to_text"`
}

type labelDocument struct {
	Label     string  `json:"label"`
	Pictures  int     `json:"pictures"`
	Suggested int     `json:"suggested"`
	Right     int     `json:"right"`
	AP        float64 `json:"average_precision"`
}

type inCommonDocument struct {
	Model string  `json:"model"`
	Share float64 `json:"share"`
}

type foundDocument struct {
	Query  string               `json:"query"`
	Photos []foundPhotoDocument `json:"photos"`
}

type foundPhotoDocument struct {
	pathField
	Cosine float64 `json:"cosine"`
	Only   bool    `json:"only"` // no other model has it among its first
}

func evalDocumentOf(kind string, r app.Evaluation) evalDocument {
	d := evalDocument{
		Evaluation: kind, Pictures: r.Pictures, Failed: failureDocuments(r.Failed), Notes: append([]string{}, r.Notes...),
		Models: []evalModelDocument{}, Written: []pathField{},
	}
	for _, m := range r.Models {
		doc := evalModelDocument{
			Model: m.ID, Name: m.Name, Problem: m.Problem, Bytes: m.Bytes, Provider: m.Provider, Pictures: m.Pictures,
			PhotosPerSecond: m.PhotosPerSecond, EncodeMS: m.EncodeMS, TextMS: m.TextMS, Measures: []measureDocument{}, Notes: append([]string{}, m.Notes...),
		}
		for _, x := range m.Measures {
			doc.Measures = append(doc.Measures, measureDocument{x.Name, x.Value, x.Low, x.High, x.N})
		}
		for _, l := range m.Labels {
			doc.Labels = append(doc.Labels, labelDocument(l))
		}
		d.Models = append(d.Models, doc)
	}
	return d
}

// addClasses adds how each class does, and the most frequent mistakes.
func (d *evalModelDocument) addClasses(c *accuracy.Confusion, classes []labelled.Class, worst int) {
	if c == nil {
		return
	}
	for i, class := range classes {
		if n := c.Class(i).N; n > 0 {
			d.Classes = append(d.Classes, classDocument{class.Name, printable(class.Folder), n, c.Count(i, i)})
		}
	}
	for _, m := range c.Worst(worst) {
		d.Mistakes = append(d.Mistakes, mistakeDocument{classes[m.Truth].Name, classes[m.Chosen].Name, m.N, c.Class(m.Truth).N})
	}
}

// chart is the answer as a picture.
func (d evalDocument) chart() chart.Chart {
	c := chart.Chart{
		Title: d.title, Subtitle: d.about,
		Scales: []chart.Scale{{Name: "photos per second, from files, all cores", Format: "%.1f"}, {Name: "size of the model in MB", Format: "%.0f"}},
		Note:   "Made by descry eval " + d.Evaluation + ". Speed is that of this machine at the time.",
	}
	if len(d.Failed) > 0 {
		c.Note = count(len(d.Failed), "picture") + " could not be used. " + c.Note
	}
	for _, m := range d.Models {
		s := chart.Series{Name: m.Model, Bars: []float64{m.PhotosPerSecond, float64(m.Bytes) / 1e6}}
		for _, x := range m.Measures {
			if len(s.Values) == len(c.Measures) {
				c.Measures = append(c.Measures, x.Measure)
			}
			s.Values = append(s.Values, chart.Value{Share: x.Value, Low: x.Low, High: x.High})
		}
		c.Series = append(c.Series, s)
	}
	if len(c.Measures) > 0 {
		c.Subtitle += " Lines are 95 % intervals."
	}
	return c
}

// rows are all figures as a table: one line for each figure of each model.
func (d evalDocument) rows() [][]string {
	rows := [][]string{{"model", "measure", "value", "low", "high", "n"}}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
	for _, m := range d.Models {
		add := func(measure string, value float64, rest ...string) {
			rows = append(rows, append([]string{m.Model, measure, number(value)}, append(rest, "", "", "")[:3]...))
		}
		if m.Problem != "" {
			continue
		}
		for _, x := range m.Measures {
			add(x.Measure, x.Value, number(x.Low), number(x.High), strconv.Itoa(x.N))
		}
		if m.MedianRank != nil {
			add("text to picture median place", m.MedianRank.TextToPicture)
			add("picture to text median place", m.MedianRank.PictureToText)
		}
		for _, x := range m.Classes {
			s := accuracy.Of(x.Right, x.Pictures)
			add("class "+x.Class, s.Value, number(s.Low), number(s.High), strconv.Itoa(s.N))
		}
		for _, x := range m.Labels {
			add("average precision "+x.Label, x.AP, "", "", strconv.Itoa(x.Pictures))
		}
		add("photos per second", m.PhotosPerSecond)
		if m.EncodeMS > 0 {
			add("ms per picture", m.EncodeMS)
		}
		if m.TextMS > 0 {
			add("ms per text", m.TextMS)
		}
		add("bytes", float64(m.Bytes))
	}
	return rows
}

// confusionRows are the matrices of all models: a line for each model and class, with a column
// for each class that its pictures were taken for.
func confusionRows(models []app.EvalModel, classes []labelled.Class) [][]string {
	head := []string{"model", "class"}
	for _, c := range classes {
		head = append(head, c.Name)
	}
	rows := [][]string{head}
	for _, m := range models {
		if m.Confusion == nil {
			continue
		}
		for i, c := range classes {
			row := []string{m.ID, c.Name}
			for j := range classes {
				row = append(row, strconv.Itoa(m.Confusion.Count(i, j)))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// outFile is a file that gets its name when it is whole.
type outFile struct {
	*os.File
	name string
	done bool
}

// beginFile begins a file beside where it will lie, so that what keeps it from being written
// shows at once.
func beginFile(name string) (*outFile, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, usagef("%s is there and is no file", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", name, err)
	}
	return &outFile{File: f, name: name}, nil
}

// write fills the file and gives it its name.
func (f *outFile) write(fill func(*outFile) error) error {
	err := errors.Join(fill(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.name, err)
	}
	f.done = true
	return nil
}

// drop removes a file that did not become whole.
func (f *outFile) drop() {
	if !f.done {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

func (f *outFile) png(img image.Image, err error) error { return cmp.Or(err, png.Encode(f, img)) }

func (f *outFile) csv(rows [][]string) error {
	w := csv.NewWriter(f)
	return errors.Join(w.WriteAll(rows), w.Error())
}

// only tells whether no other model has a photo among its first for a query.
func only(models []app.EvalModel, model, query, photo int) bool {
	for i, m := range models {
		if i != model && query < len(m.Found) && slices.ContainsFunc(m.Found[query], func(h app.EvalHit) bool { return h.Photo == photo }) {
			return false
		}
	}
	return true
}
