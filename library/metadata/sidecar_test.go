package metadata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"descry/library"
	"descry/library/metadata"
)

var said = metadata.Words{
	Keywords: []metadata.Keyword{{Set: "animals", Name: "dog"}, {Set: "places", Name: "beach & <sea>"}},
	Rating:   4, AltText: "A dog on a beach.", Extended: "A long\nstory, 日本語 \"quoted\".",
}

func mustMerge(t *testing.T, old []byte, w metadata.Words) []byte {
	t.Helper()
	merged, err := metadata.MergeSidecar(old, w)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

func side(t *testing.T, packet []byte) library.Metadata {
	t.Helper()
	var m library.Metadata
	if err := metadata.ReadSidecar(packet, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNewSidecar(t *testing.T) {
	first := mustMerge(t, nil, said)
	got := side(t, first)
	if d := cmp.Diff([]string{"beach & <sea>", "dog"}, got.Keywords); d != "" {
		t.Error(d)
	}
	if got.Rating != 4 || got.AltText != said.AltText || got.Extended != said.Extended {
		t.Errorf("%+v", got)
	}
	if again := mustMerge(t, first, said); !bytes.Equal(again, first) {
		t.Errorf("the same words again changed it:\n%s\n%s", first, again)
	}
	if nothing := mustMerge(t, nil, metadata.Words{}); nothing != nil {
		t.Errorf("for no words: %s", nothing)
	}
	// What is taken back leaves an empty sidecar, and can be said again.
	empty := mustMerge(t, first, metadata.Words{})
	if m := side(t, empty); len(m.Keywords) > 0 || m.Rating != 0 || m.AltText != "" || m.Extended != "" {
		t.Errorf("after taking all back: %+v", m)
	}
	if again := mustMerge(t, empty, said); !bytes.Equal(again, first) {
		t.Errorf("said, taken back and said again:\n%s", again)
	}
}

// Forms in which other programs leave what Descry writes too.
const others = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Other 1.0">
 <RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <!-- a note -->
  <Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="uuid:1"
    xmlns:x1="http://ns.adobe.com/xap/1.0/" xmlns:own="http://example.org/own/"
    x1:Rating = '2' own:note="kept &amp; unchanged" x1:CreatorTool="Other">
   <dcx:subject xmlns:dcx="http://purl.org/dc/elements/1.1/"><rdf:Bag><rdf:li>dog</rdf:li><rdf:li>theirs</rdf:li></rdf:Bag></dcx:subject>
   <own:deep rdf:parseType="Resource"><own:a>1</own:a></own:deep>
   <ipt:AltTextAccessibility xmlns:ipt="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"><rdf:Alt>
     <rdf:li xml:lang="x-default">old</rdf:li><rdf:li xml:lang="de">Ein Hund &amp; mehr</rdf:li></rdf:Alt></ipt:AltTextAccessibility>
  </Description>
 </RDF>
</x:xmpmeta>
<?xpacket end="w"?>`

func TestMergeKeepsOthers(t *testing.T) {
	merged := mustMerge(t, []byte(others), said)
	for _, kept := range []string{
		"<!-- a note -->", `own:note="kept &amp; unchanged"`, `x1:CreatorTool="Other"`, `x:xmptk="Other 1.0"`,
		`<own:deep rdf:parseType="Resource"><own:a>1</own:a></own:deep>`, "Ein Hund &amp; mehr", `rdf:about="uuid:1"`,
	} {
		if !bytes.Contains(merged, []byte(kept)) {
			t.Errorf("%s is gone:\n%s", kept, merged)
		}
	}
	got := side(t, merged)
	if d := cmp.Diff([]string{"theirs", "beach & <sea>", "dog"}, got.Keywords); d != "" || got.Rating != 4 || got.AltText != said.AltText {
		t.Errorf("%s %+v", d, got)
	}
	if bytes.Contains(merged, []byte("Rating = '2'")) || bytes.Contains(merged, []byte(">old<")) {
		t.Errorf("both the old and the new value are there:\n%s", merged)
	}
	if again := mustMerge(t, merged, said); !bytes.Equal(again, merged) {
		t.Errorf("the same words again:\n%s", again)
	}
	// What Descry wrote goes when it is taken back, what others wrote stays.
	back := side(t, mustMerge(t, merged, metadata.Words{}))
	if d := cmp.Diff([]string{"theirs"}, back.Keywords); d != "" || back.Rating != 0 {
		t.Errorf("%s %+v", d, back)
	}
	// Another program's later word counts.
	changed := bytes.Replace(merged, []byte("<xmp:Rating>4<"), []byte("<xmp:Rating>5<"), 1)
	if m := side(t, mustMerge(t, changed, metadata.Words{})); m.Rating != 5 {
		t.Errorf("another program's rating became %d", m.Rating)
	}
}

func TestMergeRefuses(t *testing.T) {
	for name, old := range map[string]string{
		"no XML": "hello", "half of it": others[:len(others)/2], "no XMP": "<a/>", "a list of entities": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + others,
		"UTF-16": "\xff\xfe<\x00a\x00", "Latin-1": strings.Replace(others, "Hund", "H\xfcnd", 1),
		"an empty list":    `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>`,
		"too deep":         strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200),
		"not closed":       strings.Replace(others, "</x:xmpmeta>", "", 1),
		"larger than ever": others + strings.Repeat(" ", 5<<20),
	} {
		if merged, err := metadata.MergeSidecar([]byte(old), said); !errors.Is(err, metadata.ErrSidecar) {
			t.Errorf("%s: %v\n%.200s", name, err, merged)
		}
	}
}

func TestReadSidecar(t *testing.T) {
	m := library.Metadata{Orientation: 6, Title: "in the file", Description: "stays", Keywords: []string{"Dog", "file"}, Rating: 1, Make: "Maker"}
	packet := mustMerge(t, []byte(strings.Replace(others, "x1:CreatorTool", `x1:CreateDate="2020-01-02T03:04:05+01:00" t:Orientation="3" t:Make="x" xmlns:t="http://ns.adobe.com/tiff/1.0/" x1:CreatorTool`, 1)), said)
	if err := metadata.ReadSidecar(packet, &m); err != nil {
		t.Fatal(err)
	}
	if m.Orientation != 6 || m.Make != "Maker" || m.Rating != 4 || m.Title != "in the file" || m.Description != "stays" ||
		m.Taken.Year() != 2020 || !m.HasZone || !slices.Equal(m.Keywords, []string{"Dog", "file", "theirs", "beach & <sea>"}) {
		t.Errorf("%+v", m)
	}
	if err := metadata.ReadSidecar([]byte("<rdf"), &m); err == nil {
		t.Error("half a tag is no error")
	}
}

func TestWriteSidecar(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "photo.jpg.xmp")
	write := func(w metadata.Words) bool {
		t.Helper()
		changed, err := metadata.WriteSidecar(path, w)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	if write(metadata.Words{}) {
		t.Error("a sidecar for no words")
	}
	if !write(said) || write(said) {
		t.Error("the first time it changes, the second it does not")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.xmp")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := metadata.WriteSidecar(link, metadata.Words{Rating: 1}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %s, %v", to, err)
	}
	// One that cannot be added to stays as it is.
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := metadata.WriteSidecar(path, said); !errors.Is(err, metadata.ErrSidecar) {
		t.Error(err)
	}
	if _, err := metadata.WriteSidecar(dir, said); !errors.Is(err, metadata.ErrSidecar) {
		t.Error(err)
	}
	data, err := os.ReadFile(path)
	if entries, _ := os.ReadDir(dir); err != nil || string(data) != "mine" || len(entries) != 2 {
		t.Errorf("%q, %v, %v", data, err, entries)
	}
}

// ExifTool finds nothing wrong, reads what was written, and what it writes itself is kept.
func TestSidecarExiftool(t *testing.T) {
	exiftool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("skipped: needs exiftool, which is not installed")
	}
	path := filepath.Join(t.TempDir(), "photo.jpg.xmp")
	run := func(args ...string) []byte {
		t.Helper()
		// What it says beside its answer, as perl does of a locale that is not there, is not part of the answer.
		cmd := exec.Command(exiftool, append(args, path)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("exiftool %v: %v: %s", args, err, said.Bytes())
		}
		return out
	}
	check := func(keywords, paths []string) {
		t.Helper()
		if out := run("-validate", "-warning", "-error", "-a", "-s3"); string(bytes.TrimSpace(out)) != "OK" {
			t.Errorf("exiftool -validate: %s", out)
		}
		var docs []struct {
			Subject, HierarchicalSubject                []string
			Rating                                      int
			AltTextAccessibility, ExtDescrAccessibility string
		}
		if err := json.Unmarshal(run("-json", "-struct", "-Subject", "-HierarchicalSubject", "-Rating", "-AltTextAccessibility", "-ExtDescrAccessibility"), &docs); err != nil {
			t.Fatal(err)
		}
		d := docs[0]
		if !slices.Equal(d.Subject, keywords) || !slices.Equal(d.HierarchicalSubject, paths) || d.Rating != said.Rating ||
			d.AltTextAccessibility != said.AltText || d.ExtDescrAccessibility != said.Extended {
			t.Errorf("%+v", d)
		}
	}
	if _, err := metadata.WriteSidecar(path, said); err != nil {
		t.Fatal(err)
	}
	check([]string{"beach & <sea>", "dog"}, []string{"animals|dog", "places|beach & <sea>"})
	run("-q", "-overwrite_original", "-XMP-dc:Subject+=theirs", "-XMP-dc:Title=A title", "-XMP-xmp:Rating=2", "-XMP-xmp:Label=Red")
	if _, err := metadata.WriteSidecar(path, said); err != nil {
		t.Fatal(err)
	}
	check([]string{"theirs", "beach & <sea>", "dog"}, []string{"animals|dog", "places|beach & <sea>"})
	if out := run("-s3", "-Title", "-Label"); string(out) != "A title\nRed\n" {
		t.Errorf("%q", out)
	}
}

func FuzzSidecar(f *testing.F) {
	f.Add([]byte(others), "dog", "alt")
	f.Add([]byte(nil), "dog & <cat>", "al\x00t")
	if merged, err := metadata.MergeSidecar([]byte(others), said); err == nil {
		f.Add(merged, "x|y", "")
	}
	f.Fuzz(func(t *testing.T, old []byte, keyword, alt string) {
		var m library.Metadata
		_ = metadata.ReadSidecar(old, &m)
		w := metadata.Words{Keywords: []metadata.Keyword{{Set: "set", Name: keyword}}, AltText: alt, Rating: 3}
		merged, err := metadata.MergeSidecar(old, w)
		if err != nil {
			return
		}
		again, err := metadata.MergeSidecar(merged, w)
		if err != nil || !bytes.Equal(again, merged) {
			t.Fatalf("%v\n%q\n%q", err, merged, again)
		}
	})
}
