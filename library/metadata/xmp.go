package metadata

import (
	"bytes"
	"compress/zlib"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"descry/library/decode"
	"descry/library/decode/jpegseg"
)

// Namespaces of XMP.
const (
	nsRDF       = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsDC        = "http://purl.org/dc/elements/1.1/"
	nsXMP       = "http://ns.adobe.com/xap/1.0/"
	nsTIFF      = "http://ns.adobe.com/tiff/1.0/"
	nsExif      = "http://ns.adobe.com/exif/1.0/"
	nsExifEX    = "http://cipa.jp/exif/1.0/"
	nsAux       = "http://ns.adobe.com/exif/1.0/aux/"
	nsPhotoshop = "http://ns.adobe.com/photoshop/1.0/"
	nsLightroom = "http://ns.adobe.com/lightroom/1.0/"
	nsDigiKam   = "http://www.digikam.org/ns/1.0/"
	nsMicrosoft = "http://ns.microsoft.com/photo/1.0/"
	nsCamera    = "http://ns.google.com/photos/1.0/camera/"
	nsIPTC      = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
)

// maxXMP bounds, in bytes, how much of a packet is read, and after how much of a file's
// packets and compressed text no more is; maxPackets and maxValues bound how many packets
// and values.
const (
	maxXMP     = 4 << 20
	maxPackets = 100
	maxValues  = 5000
)

// xmp maps a property to its values: one for a simple property, the items of a list,
// the translations of a text with the default one first.
type xmp map[xml.Name][]string

func (x xmp) list(ns, name string) []string { return x[xml.Name{Space: ns, Local: name}] }

func (x xmp) text(ns, name string) string {
	if l := x.list(ns, name); len(l) > 0 {
		return l[0]
	}
	return ""
}

// readXMP adds to t.xmp from the packets in the file and from those found before, the first
// to say something winning.
func (t *tags) readXMP(format string, data []byte, found [][]byte) error {
	var notes []error
	read := 0
	for i, p := range append(t.packets(format, data), found...) {
		if read >= maxXMP || i == maxPackets {
			notes = append(notes, note("XMP", errors.New("there is more of it than is sensible")))
			break
		}
		read += len(p)
		if err := t.xmp.parse(p); err != nil {
			notes = append(notes, note("XMP", err))
		}
	}
	return errors.Join(notes...)
}

// parse adds the properties of a packet. What comes before an error is kept.
func (x xmp) parse(packet []byte) (err error) {
	defer guard(&err)
	packet = bytes.TrimRight(packet[:min(len(packet), maxXMP)], "\x00 \r\n\t")
	if !utf8.Valid(packet) {
		packet = []byte(latin1(string(packet)))
	}
	dec := xml.NewDecoder(bytes.NewReader(packet))
	dec.Strict = false
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	values := 0
	add := func(name xml.Name, v []string) {
		if name.Space == nsRDF || name.Space == nsXML || name.Space == "xmlns" || len(v) == 0 {
			return
		}
		if _, have := x[name]; have || values > maxValues {
			return
		}
		values += len(v)
		x[name] = v
	}
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the packet is not XML: %w", err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name != (xml.Name{Space: nsRDF, Local: "Description"}) {
			continue
		}
		for _, a := range start.Attr {
			if a.Value != "" {
				add(a.Name, []string{a.Value})
			}
		}
		for { // the properties in element form
			tok, err := dec.Token()
			if err != nil {
				return fmt.Errorf("the packet is not XML: %w", err)
			}
			if _, end := tok.(xml.EndElement); end {
				break
			}
			if property, ok := tok.(xml.StartElement); ok {
				v, err := propertyValues(dec)
				if err != nil {
					return fmt.Errorf("the packet is not XML: %w", err)
				}
				add(property.Name, v)
			}
		}
	}
}

// propertyValues reads the value of the property whose start element was just read: its
// text, or the items of the list in it. Structures give their texts no name and are
// skipped.
func propertyValues(dec *xml.Decoder) ([]string, error) {
	var text strings.Builder
	var items []string
	var item *strings.Builder
	isDefault := false
	depth := 0
	structured := false
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			switch {
			case tok.Name.Space == nsRDF && tok.Name.Local == "li" && depth == 2:
				item, isDefault = new(strings.Builder), false
				for _, a := range tok.Attr {
					isDefault = isDefault || a.Name.Local == "lang" && a.Value == "x-default"
				}
			case tok.Name.Space != nsRDF || tok.Name.Local == "Description":
				structured = true
			}
		case xml.EndElement:
			if depth == 0 {
				if s := strings.TrimSpace(text.String()); len(items) == 0 && s != "" && !structured {
					return []string{s}, nil
				}
				return items, nil
			}
			if depth == 2 && item != nil {
				if s := strings.TrimSpace(item.String()); s != "" && len(items) < maxValues {
					if isDefault {
						items = append([]string{s}, items...)
					} else {
						items = append(items, s)
					}
				}
				item = nil
			}
			depth--
		case xml.CharData:
			switch {
			case depth == 0:
				text.Write(tok)
			case depth == 2 && item != nil:
				item.Write(tok)
			}
		}
	}
}

// packets finds the XMP packets of a file, and fills t.png on the way.
func (t *tags) packets(format string, data []byte) [][]byte {
	switch format {
	case decode.JPEG:
		return jpegPackets(data)
	case decode.PNG:
		return t.pngPackets(data)
	case decode.WebP:
		return webpPackets(data)
	case decode.GIF:
		return gifPackets(data)
	}
	return nil
}

func jpegPackets(data []byte) (found [][]byte) {
	const header = "http://ns.adobe.com/xap/1.0/\x00"
	_, _ = jpegseg.Walk(data, func(s jpegseg.Segment) bool {
		if p, ok := bytes.CutPrefix(s.Data, []byte(header)); ok && s.Marker == jpegseg.APP1 {
			found = append(found, p)
		}
		return s.Marker != jpegseg.SOS
	})
	return found
}

// pngPackets walks the text chunks: XMP is in the iTXt chunk of this keyword.
func (t *tags) pngPackets(data []byte) (found [][]byte) {
	const keyword = "XML:com.adobe.xmp"
	left := maxXMP // a small file can hold any number of texts that inflate to megabytes
	unpack := func(b []byte) []byte {
		out := inflate(b, left)
		left -= len(out)
		return out
	}
	chunks(data, func(kind string, body []byte) {
		switch key, rest, ok := bytes.Cut(body, []byte{0}); {
		case !ok || string(key) != keyword && !isProfile(string(key)) && !isText(string(key)):
		case kind == "tEXt":
			t.addText(string(key), latin1(string(rest)))
		case kind == "zTXt" && len(rest) > 0 && rest[0] == 0:
			text := unpack(rest[1:])
			if profile := rawProfile(string(key), text); profile != nil && strings.HasSuffix(string(key), "xmp") {
				found = append(found, profile)
			}
			t.addText(string(key), latin1(string(text)))
		case kind == "iTXt" && len(rest) >= 2:
			packed := rest[0] == 1
			_, rest, _ = bytes.Cut(rest[2:], []byte{0}) // language
			_, text, ok := bytes.Cut(rest, []byte{0})   // translated keyword
			if !ok {
				return
			}
			if packed {
				text = unpack(text)
			}
			if string(key) == keyword {
				found = append(found, text)
			} else {
				t.addText(string(key), string(text))
			}
		}
	})
	return found
}

// isText reports whether the text of a PNG keyword is used.
func isText(key string) bool {
	switch key {
	case "Title", "Description", "Author", "Copyright", "Creation Time":
		return true
	}
	return false
}

// addText keeps the first text of a PNG keyword that is used.
func (t *tags) addText(key, text string) {
	if isText(key) && t.png[key] == "" {
		t.png[key] = text
	}
}

// inflate decompresses up to limit bytes; what could be read is returned.
func inflate(b []byte, limit int) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	defer z.Close()
	out, _ := io.ReadAll(io.LimitReader(z, int64(limit)))
	return out
}

func webpPackets(data []byte) (found [][]byte) {
	riffChunks(data, func(kind string, body []byte) {
		if kind == "XMP " {
			found = append(found, body)
		}
	})
	return found
}

// gifPackets finds the XMP application block, whose packet lies there uncut and is
// followed by a 258-byte tail that makes it pass for data blocks.
func gifPackets(data []byte) [][]byte {
	const header = "\x21\xff\x0bXMP DataXMP"
	i := bytes.Index(data, []byte(header))
	if i < 0 {
		return nil
	}
	p := data[i+len(header):]
	end := bytes.Index(p, []byte("<?xpacket end"))
	if end < 0 {
		return nil
	}
	return [][]byte{p[:end]}
}

// xmpDegrees parses XMP's "48,51.5N", "48,51,30N" and plain decimal degrees.
func xmpDegrees(s string) float64 {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" {
		return math.NaN()
	}
	sign := 1.0
	switch s[len(s)-1] {
	case 'S', 'W':
		sign = -1
		fallthrough
	case 'N', 'E':
		s = s[:len(s)-1]
	}
	total, unit := 0.0, 1.0
	for part := range strings.SplitSeq(s, ",") {
		total += number(part) / unit
		unit *= 60
	}
	return sign * total
}
