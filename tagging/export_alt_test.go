package tagging

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"descry/library"

	"github.com/google/go-cmp/cmp"
)

var exportRows = []AltRow{
	{Path: "/photos/dog & \"cat\" #1.jpg", Alt: library.AltText{
		Text: `A <dog> & "cat".`, Extended: "A dog.\nOn a beach.", Lang: "en", State: library.AltDraft, Confidence: 0.914,
		Sources: []string{"“a dog”: suggestion dog, 91 %", "“a beach”: tag beach, confirmed"},
	}},
	{Path: "=cmd|calc.jpg", Alt: library.AltText{Text: "=HYPERLINK(\"http://x\")", Lang: "en", State: library.AltEdited, Confidence: 1}},
	{Path: "/photos/caf\xe9.jpg", Src: "img/1.jpg?a=1&b=2", Alt: library.AltText{Text: "Ein Hund, müde.", Lang: "de", State: library.AltApproved, Confidence: 1}},
}

func TestExportHTML(t *testing.T) {
	var b bytes.Buffer
	if err := ExportHTML(&b, exportRows); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{
		`<img src="file:///photos/dog%20&amp;%20%22cat%22%20%231.jpg" alt="A &lt;dog&gt; &amp; &#34;cat&#34;.">`,
		`<img src="img/1.jpg?a=1&amp;b=2" alt="Ein Hund, müde.">`,
		`<figure lang="de">`,
		"<p><small>Draft made by a machine, not reviewed.</small></p>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "Draft made"); n != 1 {
		t.Errorf("%d drafts marked", n)
	}
	if strings.Contains(got, "<dog>") {
		t.Error("not escaped")
	}
}

func TestExportCSV(t *testing.T) {
	var b bytes.Buffer
	if err := ExportCSV(&b, exportRows); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "path,alt,extended,state,lang,confidence,sources\r\n") {
		t.Errorf("%q", b.String())
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		altColumns,
		{"/photos/dog & \"cat\" #1.jpg", `A <dog> & "cat".`, "A dog.\nOn a beach.", "draft", "en", "0.91", "“a dog”: suggestion dog, 91 %; “a beach”: tag beach, confirmed"},
		{"'=cmd|calc.jpg", "'=HYPERLINK(\"http://x\")", "", "edited", "en", "1.00", ""},
		{`/photos/caf\xe9.jpg`, "Ein Hund, müde.", "", "approved", "de", "1.00", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestExportJSON(t *testing.T) {
	var b bytes.Buffer
	if err := ExportJSON(&b, exportRows); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0]["alt"] != `A <dog> & "cat".` || got[2]["path_bytes"] != "L3Bob3Rvcy9jYWbpLmpwZw==" || got[2]["path"] != `/photos/caf\xe9.jpg` {
		t.Errorf("%v", got)
	}
	if s, ok := got[1]["sources"].([]any); !ok || len(s) != 0 {
		t.Errorf("sources %v, want an empty list", got[1]["sources"])
	}
	b.Reset()
	if err := ExportJSON(&b, nil); err != nil || strings.TrimSpace(b.String()) != "[]" {
		t.Errorf("nothing: %q, %v", b.String(), err)
	}
}
