package labelled

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"descry/internal/testdata"
)

func TestReadCaptions(t *testing.T) {
	dog := []Captioned{{"dog.jpg", []string{"A dog runs.", "A brown dog, running."}}, {"cat.jpg", []string{"A cat."}}}
	for _, tt := range []struct {
		name, file, split string
		want              []Captioned
		mistake           string // part of the sentence
	}{
		{"comma-separated", "image,caption\ndog.jpg,A dog runs.\ndog.jpg,\"A brown dog, running.\"\ncat.jpg,A cat.\n", "", dog, ""},
		{"a comma that nothing quotes", "image,caption\ndog.jpg,A dog runs.\r\ndog.jpg,A brown dog, running.\r\ncat.jpg,A cat.", "", dog, ""},
		{"no heading", "dog.jpg,A dog runs.\ndog.jpg,A brown dog, running.\n\ncat.jpg,A cat.\n", "", dog, ""},
		{"further columns", "id,caption,split,file_name\n1,A dog runs.,test,dog.jpg\n2,\"A brown dog, running.\",test,dog.jpg\n3,A cat.,test,cat.jpg\n", "", dog, ""},
		{"a byte order mark", "\ufeffimage,caption\ndog.jpg,A dog runs.\ndog.jpg,\"A brown dog, running.\"\ncat.jpg,A cat.\n", "", dog, ""},
		{"Flickr8k", "dog.jpg#0\tA dog runs.\ndog.jpg#1\tA brown dog, running.\ncat.jpg#0\tA cat.\n", "", dog, ""},
		{"a quote in tab-separated lines", "dog.jpg\tA \"dog runs.\n", "", []Captioned{{"dog.jpg", []string{"A \"dog runs."}}}, ""},
		{"Flickr30k", "image_name| comment_number| comment\ndog.jpg| 0| A dog runs.\ndog.jpg| 1| A brown dog, running.\ncat.jpg| 0| A cat.\n", "", dog, ""},
		{"Flickr30k's line without the second bar", "image_name| comment_number| comment\ndog.jpg| 0| A dog runs.\ndog.jpg| 1   A brown dog, running.\ncat.jpg| 0| A cat.\n", "", dog, ""},
		{"an object", `{"dog.jpg": ["A dog runs.", "A brown dog, running."], "eel.jpg": [], "cat.jpg": "A cat."}`, "", []Captioned{dog[1], dog[0]}, ""},
		{"a list", `[{"image": "dog.jpg", "caption": ["A dog runs.", "A brown dog, running."]}, {"file_name": "cat.jpg", "caption": "A cat."}]`, "", dog, ""},
		{"COCO", `{"images": [{"id": 7, "file_name": "cat.jpg"}, {"id": 9, "file_name": "dog.jpg"}], "annotations": [
			{"image_id": 9, "id": 1, "caption": "A dog runs. "}, {"image_id": 9, "id": 2, "caption": "A brown dog, running."}, {"image_id": 7, "id": 3, "caption": "A cat."}]}`, "", dog, ""},
		{"COCO with numbers in quotes", `{"images": [{"id": "x7", "file_name": "cat.jpg"}], "annotations": [{"image_id": "x7", "caption": "A cat."}]}`, "", dog[1:], ""},
		{"Karpathy", `{"images": [{"filename": "dog.jpg", "split": "test", "sentences": [{"raw": "A dog runs."}, {"raw": "A brown dog, running."}]},
			{"filename": "eel.jpg", "split": "train", "sentences": [{"raw": "An eel."}]}, {"filename": "cat.jpg", "split": "test", "sentences": [{"raw": "A cat."}]}]}`, "", dog, ""},
		{
			"another split", `{"images": [{"filepath": "val2014", "filename": "eel.jpg", "split": "val", "sentences": [{"raw": "An eel."}]}]}`, "val",
			[]Captioned{{"val2014/eel.jpg", []string{"An eel."}}},
			"",
		},

		{"nothing", " \n", "", nil, "empty"},
		{"a heading alone", "image,caption\n", "", nil, "no line"},
		{"one column", "dog.jpg\n", "", nil, "line 1 has no two columns"},
		{"no picture", "image,caption\n,A dog.\n", "", nil, "line 2 names no picture"},
		{"not text", "image,caption\ndog.jpg,\xff\xfe\n", "", nil, "UTF-8"},
		{"no such split", `{"images": [{"filename": "eel.jpg", "split": "val", "sentences": [{"raw": "An eel."}]}]}`, "", nil, `no image is in the split "test"; there are val`},
		{"an image that is not there", `{"images": [], "annotations": [{"image_id": 4, "caption": "A cat."}]}`, "", nil, "annotation 1 is of the image 4"},
		{"captions that are numbers", `{"dog.jpg": 3}`, "", nil, `"dog.jpg" is neither`},
		{"no image in a list", `[{"caption": "A cat."}]`, "", nil, "entry 1 names no image"},
		{"no caption at all", `{"dog.jpg": [""]}`, "", nil, "no picture with a caption"},
		{"half of a file", `{"dog.jpg": ["A d`, "", nil, "unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadCaptions([]byte(tt.file), tt.split)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.mistake == "") || err != nil && !strings.Contains(err.Error(), tt.mistake) {
				t.Errorf("error %v, want %q", err, tt.mistake)
			}
		})
	}
}

// TestReadRealCaptions reads the captions of the reference data, as they lie there and in the
// form of Flickr8k, from where they are.
func TestReadRealCaptions(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testdata.Shared(t), "data", "captions-dev", "captions.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadCaptions(data, "")
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	n := 0
	for _, p := range got {
		n += len(p.Captions)
		for _, c := range p.Captions {
			lines.WriteString(p.Picture + "#0\t" + c + "\n")
		}
	}
	if len(got) != 600 || n != 3000 {
		t.Errorf("%d photos with %d captions, want 600 with 3,000", len(got), n)
	}
	again, err := ReadCaptions([]byte(lines.String()), "")
	if diff := cmp.Diff(got, again); diff != "" || err != nil {
		t.Errorf("%v (-JSON +lines):\n%.2000s", err, diff)
	}
}

func TestReadTags(t *testing.T) {
	want := []Tagged{{"a.jpg", []string{"beach", "dog"}}, {"b.jpg", []string{"golden retriever"}}, {"c.jpg", []string{}}}
	labels := []string{"beach", "dog", "golden retriever"}
	for _, tt := range []struct {
		name, file string
		want       []Tagged
		labels     []string
		mistake    string
	}{
		{"lines", "image,labels\na.jpg,dog;beach\nb.jpg,golden  retriever\nc.jpg,\n", want, labels, ""},
		{"a line for each label", "image,label\na.jpg,dog\na.jpg,beach\na.jpg,dog\nb.jpg,golden retriever\nc.jpg,\n", want, labels, ""},
		{"tabs and bars, no heading", "a.jpg\tdog|beach\nb.jpg\tgolden retriever\nc.jpg\t\n", want, labels, ""},
		{"labels that commas part", "image,labels\na.jpg,dog,beach\nb.jpg,golden retriever\nc.jpg,\n", want, labels, ""},
		{"an object", `{"a.jpg": ["dog", "beach"], "b.jpg": "golden retriever", "c.jpg": []}`, want, labels, ""},
		{"COCO", `{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"}],
			"categories": [{"id": 18, "name": "dog"}, {"id": 2, "name": "beach"}, {"id": 3, "name": "golden retriever"}],
			"annotations": [{"image_id": 1, "category_id": 18}, {"image_id": 1, "category_id": 18}, {"image_id": 1, "category_id": 2}, {"image_id": 2, "category_id": 3}]}`, want, labels, ""},

		{"nothing", "", nil, nil, "empty"},
		{"no label", "image,labels\na.jpg,\n", nil, nil, "no picture with a label"},
		{"captions", `{"images": [], "annotations": [{"image_id": 1, "caption": "A cat."}]}`, nil, nil, "descry eval retrieval"},
		{"a category that is not there", `{"images": [], "categories": [{"id": 1, "name": "x"}], "annotations": [{"image_id": 1, "category_id": 1}]}`, nil, nil, "annotation 1"},
		{"labels that are numbers", `{"a.jpg": [1]}`, nil, nil, "neither a label"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, labels, err := ReadTags([]byte(tt.file))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.labels, labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.mistake == "") || err != nil && !strings.Contains(err.Error(), tt.mistake) {
				t.Errorf("error %v, want %q", err, tt.mistake)
			}
		})
	}
}

// tree makes files below a folder and returns it.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		p := filepath.Join(dir, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func isJPEG(name string) bool { return strings.HasSuffix(name, ".jpg") }

func TestReadClasses(t *testing.T) {
	dir := tree(t, "n02/b.jpg", "n02/deep/a.jpg", "golden_retriever/x.jpg", "golden_retriever/notes.txt", "golden_retriever/.hidden.jpg",
		"n02/.git/x.jpg", "empty/readme.txt", ".cache/x.jpg", "classes.txt", "x.jpg")
	if err := os.Symlink(tree(t, "linked.jpg"), filepath.Join(dir, "zoo")); err != nil {
		t.Fatal(err)
	}
	got, err := ReadClasses(dir, isJPEG)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		for j := range got[i].Pictures {
			got[i].Pictures[j] = filepath.Base(got[i].Pictures[j])
		}
	}
	want := []Class{
		{"golden_retriever", "golden retriever", []string{"x.jpg"}},
		{"n02", "n02", []string{"b.jpg", "a.jpg"}},
		{"zoo", "zoo", []string{"linked.jpg"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, dir := range map[string]string{
		"one class": tree(t, "a/x.jpg", "b/x.txt"), "no class": tree(t, "x.jpg"), "no folder": filepath.Join(dir, "nothing"),
	} {
		if got, err := ReadClasses(dir, isJPEG); err == nil {
			t.Errorf("%s: %v and no error", name, got)
		}
	}
}

func TestNameClasses(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       []string // of the folders n01, n02, "sea lion"
		without    []string
		mistake    string
	}{
		{"ImageNet's", "n01 tench, Tinca tinca\nn02 goldfish\nn99 no such folder\nsea lion a sea lion\n", []string{"tench, Tinca tinca", "goldfish", "a sea lion"}, nil, ""},
		{"tabs, commas, colons", "n02\tgoldfish\n# a note\n\nn01,tench\nsea lion: eared seal\n", []string{"tench", "goldfish", "eared seal"}, nil, ""},
		{"one is not named", "n01=tench\nn02 goldfish\nn02 not this\n", []string{"tench", "goldfish", "sea lion"}, []string{"sea lion"}, ""},
		{"in order", "tench\ngoldfish\nsea lion\n", []string{"tench", "goldfish", "sea lion"}, nil, ""},
		{"of another set", "apple\npear\n", []string{"n01", "n02", "sea lion"}, nil, "2 lines for 3 classes"},
		{"not text", "n01 \xff", []string{"n01", "n02", "sea lion"}, nil, "UTF-8"},
		{"nothing", "", []string{"n01", "n02", "sea lion"}, nil, "0 lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			classes := []Class{{Folder: "n01", Name: "n01"}, {Folder: "n02", Name: "n02"}, {Folder: "sea lion", Name: "sea lion"}}
			without, err := NameClasses(classes, []byte(tt.file))
			got := []string{classes[0].Name, classes[1].Name, classes[2].Name}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.without, without); diff != "" {
				t.Errorf("without (-want +got):\n%s", diff)
			}
			if (err == nil) != (tt.mistake == "") || err != nil && !strings.Contains(err.Error(), tt.mistake) {
				t.Errorf("error %v, want %q", err, tt.mistake)
			}
		})
	}
}

func TestTemplates(t *testing.T) {
	got, err := Templates([]byte("# some\na photo of a {}.\r\n\n{}\n"))
	if diff := cmp.Diff([]string{"a photo of a {}.", "{}"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"", "# {}\n", "a photo\n", "{} and {}\n", "\xff {}"} {
		if got, err := Templates([]byte(bad)); err == nil {
			t.Errorf("%q: %q and no error", bad, got)
		}
	}
}

func TestPaths(t *testing.T) {
	there := func(p string) bool {
		return p == filepath.Join("set", "a.jpg") || p == filepath.Join("set", "val", "b.jpg")
	}
	got := Paths("set", []string{"a.jpg", "val/b.jpg", "train/a.jpg", "none/c.jpg"}, there)
	want := []string{"set/a.jpg", "set/val/b.jpg", "set/a.jpg", "set/none/c.jpg"}
	for i := range want {
		want[i] = filepath.FromSlash(want[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzRead reads anything as each of the files: what comes of it is whole or an error.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"image,caption\ndog.jpg,\"A dog, a cat\"\n", "dog.jpg#0\tA dog.\n", "image_name| comment_number| comment\nx.jpg| 0| A cat.\n",
		`{"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[{"image_id":1,"caption":"A.","category_id":2}],"categories":[{"id":2,"name":"x"}]}`,
		`{"images":[{"filename":"a.jpg","split":"test","sentences":[{"raw":"A cat."}]}]}`, `{"a.jpg":["x","y"]}`, `[{"image":"a","caption":"b"}]`,
		"n01 tench\nn02: fish\n", "a photo of {}.\n", "\ufeff\"", "a\n\"b,c",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		captions, err := ReadCaptions(data, "test")
		if (err == nil) != (len(captions) > 0) {
			t.Fatalf("%d pictures, error %v", len(captions), err)
		}
		seen := map[string]bool{}
		for _, c := range captions {
			if len(c.Captions) == 0 || seen[c.Picture] {
				t.Fatalf("%q has %d captions, or is there twice", c.Picture, len(c.Captions))
			}
			seen[c.Picture] = true
		}
		tagged, labels, err := ReadTags(data)
		if (err == nil) != (len(tagged) > 0 && len(labels) > 0) {
			t.Fatalf("%d pictures with %d labels, error %v", len(tagged), len(labels), err)
		}
		classes := []Class{{Folder: "n01", Name: "n01"}, {Folder: "n02", Name: "n02"}}
		without, err := NameClasses(classes, data)
		if err == nil && len(without) > 1 || classes[0].Name == "" || classes[1].Name == "" {
			t.Fatalf("classes %q without %v, error %v", classes, without, err)
		}
		if templates, err := Templates(data); (err == nil) != (len(templates) > 0) {
			t.Fatalf("%d templates, error %v", len(templates), err)
		}
	})
}
