package tagging

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxFile is the largest label-set file that is read, in bytes.
const MaxFile = 1 << 20

// FormatError is a mistake in a label-set file.
type FormatError struct {
	Line int    // 1 is the first; 0 where the mistake has no line
	Text string // one sentence without its full stop
	More int    // how many further mistakes the file has
}

// Error names the line, the mistake and how many more there are.
func (e *FormatError) Error() string {
	s := e.Text
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	switch {
	case e.More == 1:
		s += " (and one more mistake)"
	case e.More > 1:
		s += fmt.Sprintf(" (and %d more mistakes)", e.More)
	}
	return s
}

var (
	setKeys   = []string{"name", "title", "role", "exclusive", "limit", "templates", "label"}
	labelKeys = []string{"name", "synonyms", "prompts", "alt", "preposition", "role", "includes"}
)

// ReadTOML reads one label set in the format of docs/labels.md. A mistake comes back as a
// *FormatError with the line it is on; nothing is guessed and unknown keys are mistakes,
// so that a misspelt one is not silently without effect. Spaces around texts are dropped.
func ReadTOML(r io.Reader) (LabelSet, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return LabelSet{}, fmt.Errorf("reading the label set: %w", err)
	}
	if len(data) > MaxFile {
		return LabelSet{}, &FormatError{Text: fmt.Sprintf("the file is larger than %d KiB, which no label set needs", MaxFile>>10)}
	}
	src := strings.TrimPrefix(string(data), "\ufeff")
	var doc map[string]any
	if _, err := toml.Decode(src, &doc); err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return LabelSet{}, &FormatError{Line: pe.Position.Line, Text: "this is not valid TOML: " + plainMessage(pe)}
		}
		return LabelSet{}, &FormatError{Text: "this is not valid TOML: " + err.Error()}
	}
	d := decoder{lines: locate(src)}
	set := d.set(doc)
	if len(d.problems) == 0 {
		d.problems = set.check()
	}
	if len(d.problems) > 0 {
		return LabelSet{}, d.first()
	}
	return set, nil
}

func plainMessage(pe toml.ParseError) string {
	if pe.Message != "" {
		return pe.Message
	}
	msg := pe.Error()
	if _, rest, ok := strings.Cut(msg, "): "); ok && strings.HasPrefix(msg, "toml: line ") {
		return rest
	}
	return strings.TrimPrefix(msg, "toml: ")
}

// decoder turns the generic document into a set and collects what is wrong with it.
type decoder struct {
	lines    positions
	problems []problem
}

func (d *decoder) bad(label int, key, format string, args ...any) {
	d.problems = append(d.problems, problem{label, key, fmt.Sprintf(format, args...)})
}

// first is the mistake nearest to the top of the file.
func (d *decoder) first() error {
	sort.SliceStable(d.problems, func(i, j int) bool {
		return d.lines.of(d.problems[i]) < d.lines.of(d.problems[j])
	})
	p := d.problems[0]
	return &FormatError{Line: d.lines.of(p), Text: p.text, More: len(d.problems) - 1}
}

func (d *decoder) unknown(label int, table map[string]any, known []string) {
	for key := range table {
		if !slices.Contains(known, key) {
			d.bad(label, key, "the key %q is unknown here; known are %s", key, strings.Join(known, ", "))
		}
	}
}

func (d *decoder) set(doc map[string]any) LabelSet {
	d.unknown(-1, doc, setKeys)
	s := LabelSet{
		Name:      d.text(-1, doc, "name"),
		Title:     d.text(-1, doc, "title"),
		Role:      d.text(-1, doc, "role"),
		Templates: d.texts(-1, doc, "templates"),
	}
	if v, ok := doc["exclusive"]; ok {
		if s.Exclusive, ok = v.(bool); !ok {
			d.bad(-1, "exclusive", "\"exclusive\" must be true or false")
		}
	}
	if v, ok := doc["limit"]; ok {
		n, ok := v.(int64)
		if !ok || n < 1 || n > MaxLimit {
			d.bad(-1, "limit", "\"limit\" must be a whole number between 1 and %d", MaxLimit)
		} else {
			s.Limit = int(n)
		}
	}
	v, ok := doc["label"]
	if !ok {
		return s
	}
	tables, ok := v.([]map[string]any)
	if !ok {
		list, isList := v.([]any)
		for _, e := range list {
			t, isTable := e.(map[string]any)
			isList = isList && isTable
			tables = append(tables, t)
		}
		if !isList {
			d.bad(-1, "label", "labels are written as tables that begin with [[label]]")
			return s
		}
	}
	for i, t := range tables {
		d.unknown(i, t, labelKeys)
		s.Labels = append(s.Labels, Label{
			Name:        d.text(i, t, "name"),
			Synonyms:    d.texts(i, t, "synonyms"),
			Prompts:     d.texts(i, t, "prompts"),
			Alt:         d.text(i, t, "alt"),
			Preposition: d.text(i, t, "preposition"),
			Role:        d.text(i, t, "role"),
			Includes:    d.texts(i, t, "includes"),
		})
	}
	return s
}

func (d *decoder) text(label int, table map[string]any, key string) string {
	v, ok := table[key]
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		d.bad(label, key, "%q must be a text in quotes", key)
	}
	return strings.TrimSpace(s)
}

func (d *decoder) texts(label int, table map[string]any, key string) []string {
	v, ok := table[key]
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	var out []string
	for _, e := range list {
		s, isText := e.(string)
		ok = ok && isText
		out = append(out, strings.TrimSpace(s))
	}
	if !ok {
		d.bad(label, key, "%q must be a list of texts: [\"one\", \"two\"]", key)
	}
	return out
}

// positions maps keys to lines. The TOML package keeps no positions, so they are found by
// reading the lines once more; a text over several lines that looks like a key can only
// move a line number, never change what is read.
type positions struct {
	keys   []map[string]int // [0] the set, [1+i] label i
	header []int
}

var keyLine = regexp.MustCompile(`^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[.=]`)

func locate(src string) positions {
	p := positions{keys: []map[string]int{{}}, header: []int{1}}
	for i, line := range strings.Split(src, "\n") {
		t := strings.TrimSpace(line)
		if strings.HasPrefix(t, "[[") {
			p.note(strings.Trim(t, "[] \t"), i+1)
			p.keys = append(p.keys, map[string]int{})
			p.header = append(p.header, i+1)
			continue
		}
		if strings.HasPrefix(t, "[") && strings.Contains(t, "]") {
			p.note(strings.Trim(t, "[] \t"), i+1)
		}
		if m := keyLine.FindStringSubmatch(line); m != nil {
			key := m[1] + m[2] + m[3]
			last := p.keys[len(p.keys)-1]
			if _, ok := last[key]; !ok {
				last[key] = i + 1
			}
		}
	}
	return p
}

// note keeps the line on which a key of the set itself first stands.
func (p positions) note(key string, line int) {
	if _, ok := p.keys[0][key]; !ok {
		p.keys[0][key] = line
	}
}

func (p positions) of(pr problem) int {
	i := pr.label + 1
	if i < 0 || i >= len(p.keys) {
		return max(p.keys[0]["label"], 1)
	}
	if n, ok := p.keys[i][pr.key]; ok {
		return n
	}
	return p.header[i]
}

// ReadSets reads every .toml file of a folder as a label set, in the order of the
// file names. Two sets of one name are a mistake.
func ReadSets(fsys fs.FS) ([]LabelSet, error) {
	files, err := fs.Glob(fsys, "*.toml")
	if err != nil {
		return nil, fmt.Errorf("listing the label sets: %w", err)
	}
	var sets []LabelSet
	seen := map[string]string{}
	for _, name := range files {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("opening the label set %s: %w", name, err)
		}
		set, err := ReadTOML(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if other, dup := seen[set.Name]; dup {
			return nil, fmt.Errorf("%s: the set %q is in %s too", name, set.Name, other)
		}
		seen[set.Name] = name
		sets = append(sets, set)
	}
	return sets, nil
}

// Names are the names of all labels of the sets, each once, in alphabetical order.
func Names(sets []LabelSet) []string {
	var names []string
	for _, s := range sets {
		for _, l := range s.Labels {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// WriteTOML writes the set in the format of docs/labels.md; ReadTOML gives the same set
// back. A set with mistakes is refused.
func WriteTOML(w io.Writer, s LabelSet) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("writing the label set: %w", err)
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "name = %s\n", quote(s.Name))
	writeText(b, "title", s.Title)
	writeText(b, "role", s.Role)
	if s.Exclusive {
		fmt.Fprintln(b, "exclusive = true")
	}
	if s.Limit > 0 {
		fmt.Fprintf(b, "limit = %d\n", s.Limit)
	}
	writeList(b, "templates", s.Templates)
	for _, l := range s.Labels {
		fmt.Fprintf(b, "\n[[label]]\nname = %s\n", quote(l.Name))
		writeList(b, "synonyms", l.Synonyms)
		writeList(b, "prompts", l.Prompts)
		writeText(b, "alt", l.Alt)
		writeText(b, "preposition", l.Preposition)
		writeText(b, "role", l.Role)
		writeList(b, "includes", l.Includes)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing the label set %q: %w", s.Name, err)
	}
	return nil
}

func writeText(b *bufio.Writer, key, s string) {
	if s != "" {
		fmt.Fprintf(b, "%s = %s\n", key, quote(s))
	}
}

func writeList(b *bufio.Writer, key string, list []string) {
	if len(list) == 0 {
		return
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	fmt.Fprintf(b, "%s = [%s]\n", key, strings.Join(quoted, ", "))
}

// quote writes a TOML basic string. The texts of a valid set hold no control characters
// that would need more than these two escapes.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
