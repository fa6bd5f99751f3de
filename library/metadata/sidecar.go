package metadata

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"descry/library"
)

// nsDescry is the namespace of what Descry notes for itself in a sidecar: which keywords it
// wrote, so that it takes back its own and no one else's.
const nsDescry = "descry:ns:sidecar/1.0/"

// ErrSidecar says that a sidecar is not one that can be added to without loss.
var ErrSidecar = errors.New("the sidecar cannot be read, so it was left as it is")

// Words are what a person said of a photo, to be written into a sidecar. What an earlier
// call wrote and is no longer said is taken out again, unless it was changed meanwhile; what
// other programs wrote and is not said here stays.
type Words struct {
	Keywords []Keyword
	Rating   int // 1 to 5; 0: not said
	AltText  string
	Extended string
}

// Keyword is a label and the label set it belongs to.
type Keyword struct{ Set, Name string }

// ReadSidecar adds to a photo's metadata what the XMP sidecar beside it says: its words win
// over those in the file, as the program that wrote it could not write there; keywords are
// the union; what the camera says (time, place, exposure) only fills gaps, and the
// orientation stays. What comes before damage is kept, and the error notes the damage.
func ReadSidecar(packet []byte, into *library.Metadata) error {
	t := newTags()
	err := t.readXMP("", nil, [][]byte{packet})
	var side library.Metadata
	_ = fillCapture(&side, t)
	fillWords(&side, t)
	if side.GPS != nil && into.GPS == nil {
		into.GPS = side.GPS
	}
	if into.Taken.IsZero() {
		into.Taken, into.HasZone = side.Taken, side.HasZone
	}
	for _, f := range []struct{ to, from *string }{
		{&into.Title, &side.Title},
		{&into.Description, &side.Description},
		{&into.Creator, &side.Creator},
		{&into.Copyright, &side.Copyright},
		{&into.AltText, &side.AltText},
		{&into.Extended, &side.Extended},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	for _, f := range []struct{ to, from *string }{
		{&into.Make, &side.Make}, {&into.Model, &side.Model}, {&into.Lens, &side.Lens},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	if side.Rating != 0 {
		into.Rating = side.Rating
	}
	into.Keywords = distinct(append(slices.Clone(into.Keywords), side.Keywords...))
	return err
}

// Properties of one value, besides xmp:Rating.
const (
	altText  = "AltTextAccessibility"
	extended = "ExtDescrAccessibility"
)

// singles are the properties of one value; Descry notes what it wrote there under the same
// names in its own namespace.
var singles = []struct{ ns, name string }{{nsXMP, "Rating"}, {nsIPTC, altText}, {nsIPTC, extended}}

// emptySidecar is what a new sidecar starts from.
const emptySidecar = "<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
	`<x:xmpmeta xmlns:x="adobe:ns:meta/">` + "\n <rdf:RDF xmlns:rdf=\"" + nsRDF + "\">\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n"

// MergeSidecar returns the sidecar old with these words in it; an empty old starts a new
// one. All else in it stays, byte for byte, the keywords of other programs included. The
// same words again return the same bytes. It returns nil where there was nothing and nothing
// is to be said. It fails with ErrSidecar where old is not XMP in UTF-8.
func MergeSidecar(old []byte, w Words) ([]byte, error) {
	const turns = 4 // two suffice: the first may move what others wrote out of what it replaces
	for range turns {
		merged, err := mergeOnce(old, w)
		if err != nil || merged == nil || bytes.Equal(merged, old) {
			return merged, err
		}
		old = merged
	}
	return nil, fmt.Errorf("%w: it does not come to rest", ErrSidecar)
}

func mergeOnce(old []byte, w Words) ([]byte, error) {
	fresh := len(bytes.TrimSpace(old)) == 0
	if fresh {
		old = []byte(emptySidecar)
	}
	if len(old) > maxXMP {
		return nil, fmt.Errorf("%w: it is larger than %d MB", ErrSidecar, maxXMP>>20)
	}
	said := make(xmp)
	if err := wellFormed(old); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSidecar, err)
	}
	if err := said.parse(old); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSidecar, err)
	}
	subjects, paths := w.labels()
	flat := merge(said.list(nsDC, "subject"), said.list(nsDescry, "Subject"), subjects)
	deep := merge(said.list(nsLightroom, "hierarchicalSubject"), said.list(nsDescry, "HierarchicalSubject"), paths)
	owned := map[xml.Name]bool{{Space: nsDC, Local: "subject"}: true, {Space: nsLightroom, Local: "hierarchicalSubject"}: true}
	for _, name := range []string{"Subject", "HierarchicalSubject", "Rating", altText, extended} {
		owned[xml.Name{Space: nsDescry, Local: name}] = true
	}
	now := map[string]string{altText: trimmed(w.AltText), extended: trimmed(w.Extended)}
	if w.Rating > 0 {
		now["Rating"] = strconv.Itoa(w.Rating)
	}
	for _, f := range singles {
		there, written := said.text(f.ns, f.name), said.text(nsDescry, f.name)
		owned[xml.Name{Space: f.ns, Local: f.name}] = now[f.name] != "" || there != "" && there == written
	}
	layout, err := layOut(old, owned)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSidecar, err)
	}
	var b block
	b.list("dc:subject", flat)
	b.list("lr:hierarchicalSubject", deep)
	b.list("descry:Subject", subjects)
	b.list("descry:HierarchicalSubject", paths)
	for _, f := range singles {
		if f.name == "Rating" {
			b.property("xmp:Rating", now["Rating"])
		} else if owned[xml.Name{Space: f.ns, Local: f.name}] {
			b.translations("Iptc4xmpCore:"+f.name, now[f.name], layout.languages[f.name])
		}
		b.property("descry:"+f.name, now[f.name])
	}
	if b.Len() == 0 && fresh {
		return nil, nil
	}
	merged := layout.with(old, b.description(layout.about))

	// What is written must leave all else as it was, and be read as it was meant.
	again, err := layOut(merged, owned)
	if err != nil || !bytes.Equal(again.with(merged, ""), layout.with(old, "")) || wellFormed(merged) != nil {
		return nil, fmt.Errorf("%w: what would have been written is not what was meant", ErrSidecar)
	}
	check := make(xmp)
	err = check.parse(merged)
	good := err == nil && slices.Equal(check.list(nsDC, "subject"), flat) && slices.Equal(check.list(nsLightroom, "hierarchicalSubject"), deep)
	for _, f := range singles {
		good = good && (now[f.name] == "" || check.text(f.ns, f.name) == now[f.name])
	}
	if !good {
		return nil, fmt.Errorf("%w: what would have been written is not read as it was meant", ErrSidecar)
	}
	return merged, nil
}

// trimmed is text as XMP gives it back.
func trimmed(s string) string { return clean(s, maxLong) }

// labels are the keywords as names and as paths, cleaned and sorted.
func (w Words) labels() (names, paths []string) {
	for _, k := range w.Keywords {
		name := clean(k.Name, maxShort)
		if name == "" {
			continue
		}
		names = append(names, name)
		if set := clean(k.Set, maxShort); set != "" {
			paths = append(paths, strings.ReplaceAll(set, "|", "/")+"|"+strings.ReplaceAll(name, "|", "/"))
		}
	}
	slices.Sort(names)
	slices.Sort(paths)
	return slices.Compact(names), slices.Compact(paths)
}

// merge is what is there without what was written earlier, then what is said now.
func merge(there, written, now []string) []string {
	var out []string
	for _, s := range there {
		if !slices.Contains(written, s) && !slices.Contains(now, s) {
			out = append(out, s)
		}
	}
	return append(out, now...)
}

// wellFormed reports what keeps a packet from being edited safely.
func wellFormed(packet []byte) error {
	if !utf8.Valid(packet) {
		return errors.New("it is not in UTF-8")
	}
	const maxDepth, maxDeclared = 100, 10000
	dec := xml.NewDecoder(bytes.NewReader(packet))
	depth, declared := 0, 0
	for {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return errors.New("it declares entities")
		case xml.StartElement:
			depth++
			for _, a := range tok.Attr {
				if isDeclaration(a.Name) {
					declared++
				}
			}
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || declared > maxDeclared {
			return errors.New("it is nested too deeply or declares too many names")
		}
	}
}

// block collects properties in element form.
type block struct{ bytes.Buffer }

func (b *block) element(indent int, name, attr, text string) {
	fmt.Fprintf(b, "\n%s<%s%s>", strings.Repeat(" ", indent), name, attr)
	_ = xml.EscapeText(b, []byte(trimmed(text))) // a buffer takes all
	fmt.Fprintf(b, "</%s>", name)
}

func (b *block) property(name, value string) {
	if value != "" {
		b.element(3, name, "", value)
	}
}

func (b *block) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(b, "\n   <%s>\n    <rdf:Bag>", name)
	for _, v := range values {
		b.element(5, "rdf:li", "", v)
	}
	fmt.Fprintf(b, "\n    </rdf:Bag>\n   </%s>", name)
}

// translations writes text as the default one and keeps the others.
func (b *block) translations(name, text string, others []translation) {
	if text == "" && len(others) == 0 {
		return
	}
	fmt.Fprintf(b, "\n   <%s>\n    <rdf:Alt>", name)
	if text != "" {
		b.element(5, "rdf:li", ` xml:lang="x-default"`, text)
	}
	for _, o := range others {
		var lang bytes.Buffer
		_ = xml.EscapeText(&lang, []byte(o.lang))
		b.element(5, "rdf:li", ` xml:lang="`+lang.String()+`"`, o.text)
	}
	fmt.Fprintf(b, "\n    </rdf:Alt>\n   </%s>", name)
}

// description is the properties as a description of their own, "" where there are none.
func (b *block) description(about string) string {
	if b.Len() == 0 {
		return ""
	}
	var quoted bytes.Buffer
	_ = xml.EscapeText(&quoted, []byte(about))
	var names strings.Builder
	for _, ns := range []struct{ prefix, name string }{
		{"dc", nsDC}, {"lr", nsLightroom}, {"xmp", nsXMP}, {"Iptc4xmpCore", nsIPTC}, {"descry", nsDescry},
	} {
		if strings.Contains(b.String(), "<"+ns.prefix+":") {
			fmt.Fprintf(&names, "\n    xmlns:%s=%q", ns.prefix, ns.name)
		}
	}
	return fmt.Sprintf("\n  <rdf:Description rdf:about=\"%s\" xmlns:rdf=%q%s>%s\n  </rdf:Description>",
		quoted.String(), nsRDF, names.String(), b.String())
}
