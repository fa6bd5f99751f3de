package metadata

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// layout says where in a packet the properties lie that are to be written anew, so that all
// else can be kept byte for byte.
type layout struct {
	cuts      []span // ordered, none in another
	insert    int    // where a further description goes
	about     string
	languages map[string][]translation // by property, without the default one
}

type span struct{ from, to int }

type translation struct{ lang, text string }

// scope is an element that is open: its name, and what prefixes mean in it.
type scope struct {
	name     xml.Name
	start    int
	prefixes map[string]string
	// Of a description: what it holds besides what is cut.
	cuts   []span
	others bool
}

// layOut finds the properties named in owned among those of a packet, which is well formed.
// A description that holds nothing else is cut as a whole.
func layOut(packet []byte, owned map[xml.Name]bool) (layout, error) {
	l := layout{insert: -1, languages: make(map[string][]translation)}
	dec := xml.NewDecoder(bytes.NewReader(packet))
	var open []*scope
	above := func(n int) *scope { // the element n levels above the innermost one
		if len(open) <= n {
			return &scope{}
		}
		return open[len(open)-1-n]
	}
	rdf := xml.Name{Space: nsRDF, Local: "RDF"}
	description := xml.Name{Space: nsRDF, Local: "Description"}
	isDescription := func(n int) bool { return above(n).name == description && above(n+1).name == rdf }
	var text strings.Builder // of the translation that is open
	var lang string
	for {
		start := int(dec.InputOffset())
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l, err
		}
		end := int(dec.InputOffset())
		switch tok := tok.(type) {
		case xml.StartElement:
			s := &scope{start: start, prefixes: above(0).prefixes}
			s.declare(tok.Attr)
			s.name = s.resolve(tok.Name, true)
			open = append(open, s)
			switch {
			case isDescription(0):
				for _, a := range tok.Attr {
					name := s.resolve(a.Name, false)
					switch {
					case name == xml.Name{Space: nsRDF, Local: "about"}:
						l.about = a.Value
					case owned[name]:
						s.cuts = append(s.cuts, attribute(packet, start, end, a.Name))
					case !isDeclaration(a.Name):
						s.others = true
					}
				}
			case isDescription(1):
				above(1).others = above(1).others || !owned[s.name]
			case s.name == xml.Name{Space: nsRDF, Local: "li"}:
				text.Reset()
				lang = ""
				for _, a := range tok.Attr {
					if a.Name.Space == "xml" && a.Name.Local == "lang" {
						lang = a.Value
					}
				}
			}
		case xml.CharData:
			text.Write(tok)
			if isDescription(0) && len(bytes.TrimSpace(tok)) > 0 {
				above(0).others = true
			}
		case xml.Comment, xml.ProcInst:
			if isDescription(0) {
				above(0).others = true
			}
		case xml.EndElement:
			s := above(0)
			switch {
			case len(open) == 0:
				return l, errors.New("an element ends that was not open")
			case isDescription(0):
				if cut := (span{s.start, end}); !s.others && len(s.cuts) > 0 {
					l.cuts = append(l.cuts, withSpace(packet, cut))
				} else {
					l.cuts = append(l.cuts, s.cuts...)
				}
			case isDescription(1) && owned[s.name]:
				above(1).cuts = append(above(1).cuts, withSpace(packet, span{s.start, end}))
			case s.name == rdf && l.insert < 0 && end > start:
				l.insert = withSpace(packet, span{start, end}).from
			case s.name == xml.Name{Space: nsRDF, Local: "li"} && isDescription(3) && lang != "" && lang != "x-default":
				name := above(2).name.Local
				l.languages[name] = append(l.languages[name], translation{lang, text.String()})
			}
			open = open[:len(open)-1]
		}
	}
	if l.insert < 0 {
		return l, errors.New("it holds no XMP")
	}
	return l, nil
}

// with returns the packet without what is cut and with a further description.
func (l layout) with(packet []byte, description string) []byte {
	out := make([]byte, 0, len(packet)+len(description))
	at := 0
	for _, c := range append(slices.Clone(l.cuts), span{l.insert, l.insert}) {
		if c.from < at { // the place to insert lies in a cut
			c.from = at
		}
		out = append(out, packet[at:c.from]...)
		at = max(c.to, at)
	}
	out = append(out, description...)
	return append(out, packet[at:]...)
}

// withSpace widens a part by the white space in front of it.
func withSpace(packet []byte, s span) span {
	for s.from > 0 && strings.IndexByte(" \t\r\n", packet[s.from-1]) >= 0 {
		s.from--
	}
	return s
}

// attribute finds an attribute in the start tag between two offsets, white space in front
// included.
func attribute(packet []byte, start, end int, name xml.Name) span {
	want := name.Local
	if name.Space != "" {
		want = name.Space + ":" + name.Local
	}
	space := func(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }
	p := start
	for p < end && !space(packet[p]) {
		p++
	}
	for p < end {
		from := p
		for p < end && space(packet[p]) {
			p++
		}
		word := p
		for p < end && packet[p] != '=' && !space(packet[p]) {
			p++
		}
		found := string(packet[word:p]) == want
		for p < end && packet[p] != '"' && packet[p] != '\'' {
			p++
		}
		if p >= end {
			break
		}
		quote := packet[p]
		for p++; p < end && packet[p] != quote; p++ {
		}
		p++
		if found {
			return span{from, min(p, end)}
		}
	}
	return span{end, end}
}

func isDeclaration(name xml.Name) bool {
	return name.Space == "xmlns" || name.Space == "" && name.Local == "xmlns"
}

// declare takes up the prefixes that an element declares.
func (s *scope) declare(attrs []xml.Attr) {
	copied := false
	for _, a := range attrs {
		if !isDeclaration(a.Name) {
			continue
		}
		if !copied {
			all := make(map[string]string, len(s.prefixes)+1)
			for k, v := range s.prefixes {
				all[k] = v
			}
			s.prefixes, copied = all, true
		}
		if a.Name.Space == "" {
			s.prefixes[""] = a.Value
		} else {
			s.prefixes[a.Name.Local] = a.Value
		}
	}
}

// resolve puts a name's namespace in place of its prefix.
func (s *scope) resolve(name xml.Name, element bool) xml.Name {
	if name.Space == "" && !element {
		return name
	}
	if ns, ok := s.prefixes[name.Space]; ok {
		return xml.Name{Space: ns, Local: name.Local}
	}
	return name
}
