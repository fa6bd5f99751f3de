package hub

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/clipengine/bundle"
	"descry/internal/hubtest"
)

func TestValidPath(t *testing.T) {
	for name, want := range map[string]bool{
		"config.json": true, "visual/model.onnx": true, "textual/onnx__MatMul_7": true, "a b/c (1).txt": true, "Ünï/日本.txt": true,
		"console.txt": true, "com10": true, "a/b/c/d/e": true,
		"": false, ".": false, "..": false, "../x": false, "a/../x": false, "a/..": false, "/etc/passwd": false, "a//b": false, "a/": false,
		`a\b`: false, `..\x`: false, "C:/x": false, "c:x": false, "a\x00b": false, "a\nb": false, "\x1b[2J": false, "a\u202eb": false, "\xff": false,
		".download.json": false, "x/.git": false, ".git/config": false, "NUL": false, "aux.txt": false, "visual/CON.onnx": false, "lpt1": false, "COM¹": false,
		"nul .txt": false, "trailing.": false, "trailing ": false, "a?": false, "a*": false, `a"`: false, "<a>": false, "a|b": false,
		strings.Repeat("x", 201): false, strings.Repeat("x/", 201) + "x": false,
	} {
		if got := validPath(name); got != want {
			t.Errorf("validPath(%q) is %v", name, got)
		}
		if want && !filepath.IsLocal(filepath.FromSlash(name)) {
			t.Errorf("%q leads elsewhere", name)
		}
	}
}

func TestNamesOfModels(t *testing.T) {
	c := client(t, Params{From: t.TempDir()})
	for _, name := range []string{"", "/", "a/b/c", "../a", "a/..", "a b/c", "a/b?x", "a#b", "-a/b", "a/" + strings.Repeat("x", 200), "a\\b"} {
		if _, err := c.List(t.Context(), name, ""); err == nil || !strings.Contains(err.Error(), "cannot be the name") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, revision := range []string{"..", "a/../b", "a b", "a?b", "/", "a//b"} {
		if _, err := c.List(t.Context(), repo, revision); err == nil || !strings.Contains(err.Error(), "cannot be the name") {
			t.Errorf("%q: %v", revision, err)
		}
	}
}

// TestHostileLists reads lists that name what must not be written; what is sound in them stays.
func TestHostileLists(t *testing.T) {
	lfs := func(oid string, size int64) map[string]any { return map[string]any{"oid": oid, "size": size} }
	digest := strings.Repeat("a", 64)
	list, err := json.Marshal([]map[string]any{
		{"type": "file", "path": "config.json", "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "../../.bashrc", "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "/etc/passwd", "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "C:\\Windows\\x", "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "NUL", "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": stateFile, "size": 3, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "negative", "size": -1, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "endless", "size": int64(1) << 62, "oid": strings.Repeat("0", 40)},
		{"type": "file", "path": "undigested", "size": 3, "oid": "0000"},
		{"type": "file", "path": "a.onnx", "size": 134, "oid": strings.Repeat("0", 40), "lfs": lfs(strings.ToUpper(digest), 5)},
		{"type": "file", "path": "b.onnx", "size": 134, "oid": strings.Repeat("0", 40), "lfs": lfs("short", 5)},
		{"type": "directory", "path": "visual"},
		{"type": "submodule", "path": "x"},
		{},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := hubtest.New(t)
	s.Publish(repo, model())
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File == "list" {
			return hubtest.Fault{Content: list}
		}
		return hubtest.Fault{}
	})
	l, err := client(t, Params{From: s.URL}).List(t.Context(), repo, "")
	want := []File{{"config.json", 3, "", strings.Repeat("0", 40)}, {"a.onnx", 5, digest, ""}}
	if err != nil || !slices.Equal(l.Files, want) {
		t.Errorf("%+v, %v", l.Files, err)
	}
}

// TestLists answers the request for a list with what is none.
func TestLists(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": "", "a text": "hello", "half": `[{"type": "file", "path":`, "an object": `{"error": "no"}`,
		"other types": `[{"type": 3}]`, "too long": "[" + strings.Repeat(" ", maxList) + "]",
	} {
		s := hubtest.New(t)
		s.Publish(repo, model())
		s.Misbehave(func(r hubtest.Request) hubtest.Fault {
			if r.File == "list" {
				return hubtest.Fault{Content: []byte(content)}
			}
			return hubtest.Fault{}
		})
		if content == "" {
			s.Misbehave(func(r hubtest.Request) hubtest.Fault { return hubtest.Fault{Content: []byte{}} })
		}
		if _, err := client(t, Params{From: s.URL}).List(t.Context(), repo, ""); !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPages reads a list that comes in several answers.
func TestPages(t *testing.T) {
	s := hubtest.New(t)
	s.Publish(repo, model())
	page := func(n int) []byte {
		data, err := json.Marshal(hubtest.Tree(map[string][]byte{string(rune('a'+n)) + ".txt": {}}))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	next := "<" + s.URL + "/api/models/" + repo + `/tree/main?cursor=x>; rel="next"`
	last := 3
	s.Misbehave(func(r hubtest.Request) hubtest.Fault {
		if r.File != "list" {
			return hubtest.Fault{}
		}
		f := hubtest.Fault{Content: page(min(r.Try, 20))}
		if r.Try < last {
			f.Header = map[string]string{"Link": next}
		}
		return f
	})
	c := client(t, Params{From: s.URL})
	if l, err := c.List(t.Context(), repo, ""); err != nil || len(l.Files) != 3 {
		t.Errorf("%+v, %v", l.Files, err)
	}
	last = 1000
	if _, err := c.List(t.Context(), repo, ""); !errors.Is(err, ErrAnswer) || !strings.Contains(err.Error(), "has no end") {
		t.Errorf("without end: %v", err)
	}
}

func TestFilesInTheSamePlace(t *testing.T) {
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{[]string{"a", "b/c", "b/d"}, ""},
		{[]string{"B/c", "b/d"}, ""},
		{[]string{"a", "A"}, "the same place"},
		{[]string{"a", "a"}, "the same place"},
		{[]string{"a", "a/b"}, "the same place"},
		{[]string{"a/b", "a"}, "the same place"},
		{[]string{"a/b/c", "A"}, "the same place"},
		{[]string{"../a"}, "no name for a file"},
		{nil, "no files"},
	} {
		var files []File
		for _, n := range tt.names {
			files = append(files, File{Path: n})
		}
		err := checkNames(files)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.names, err, tt.want)
		}
	}
}

func TestFrom(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ from, where, want string }{
		{"", "huggingface.co", ""},
		{"https://example.org/", "example.org", ""},
		{"https://example.org/models", "example.org/models", ""},
		{"https://me:secret@example.org", "example.org", ""},
		{"http://10.0.0.7:8080", "10.0.0.7:8080", ""},
		{dir, dir, ""},
		{"example.org", "", "neither an address"},
		{"ftp://example.org", "", "is not an address"},
		{"https://", "", "is not an address"},
		{"https://me:secret@/x", "", "is not an address"},
		{"https://me:secret@exa mple", "", "cannot be read"},
		{"https://example.org/?x=1", "", "is not an address"},
		{filepath.Join(dir, "none"), "", "cannot be opened"},
	} {
		err := CheckFrom(tt.from)
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q: %v, want %q", tt.from, err, tt.want)
		}
		if err == nil {
			if c := client(t, Params{From: tt.from}); c.Where() != tt.where {
				t.Errorf("%q is called %q", tt.from, c.Where())
			}
		}
	}
}

func TestChoose(t *testing.T) {
	immich := []string{
		".gitattributes", "README.md", "config.json", "textual/armnn/model.armnn", "textual/merges.txt", "textual/model.onnx", "textual/onnx__MatMul_12",
		"textual/model.onnx.data", "textual/special_tokens_map.json", "textual/tokenizer.json", "textual/tokenizer_config.json", "textual/vocab.json",
		"textual/sentencepiece.bpe.model", "visual/model.onnx", "visual/preprocess_cfg.json", "visual/rknpu/rk3588/model.rknn", "visual/Constant_7_attr__value", "visual/fp16/model.onnx",
	}
	transformers := []string{
		"README.md", "config.json", "merges.txt", "model.safetensors", "onnx/model.onnx", "onnx/text_model.onnx", "onnx/text_model_fp16.onnx", "onnx/text_model_quantized.onnx",
		"onnx/text_model_q4.onnx", "onnx/vision_model.onnx", "onnx/vision_model.onnx_data", "onnx/vision_model.onnx_data_1", "onnx/vision_model_fp16.onnx", "onnx/vision_model_fp16.onnx_data",
		"onnx/vision_model_int8.onnx", "onnx/vision_model_quantized.onnx", "onnx/vision_model_uint8.onnx", "preprocessor_config.json", "quantize_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
	}
	without := func(names []string, gone ...string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(gone, n) })
	}
	texts := []string{"README.md", "config.json", "textual/model.onnx", "textual/model.onnx.data", "textual/onnx__MatMul_12", "textual/special_tokens_map.json", "textual/tokenizer.json", "textual/tokenizer_config.json"}
	papers := []string{"README.md", "config.json", "preprocessor_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}
	for _, tt := range []struct {
		name  string
		files []string
		w     Want
		want  []string
		err   string
	}{
		{"immich", immich, Want{Layout: bundle.Immich}, append([]string{"visual/Constant_7_attr__value", "visual/model.onnx", "visual/preprocess_cfg.json"}, texts...), ""},
		{"immich, the texts alone", immich, Want{Layout: bundle.Immich, TextOnly: true}, texts, ""},
		{"immich, the texts alone of a text tower", without(immich, "visual/model.onnx"), Want{Layout: bundle.Immich, TextOnly: true}, texts, ""},
		{"immich in int8", immich, Want{Layout: bundle.Immich, Precision: "int8"}, nil, "in fp32 only"},
		{"immich without pictures", without(immich, "visual/model.onnx"), Want{Layout: bundle.Immich}, nil, "lacks the file visual/model.onnx"},
		{"transformers", transformers, Want{Layout: bundle.TransformersJS}, append([]string{"onnx/vision_model.onnx", "onnx/vision_model.onnx_data", "onnx/vision_model.onnx_data_1", "onnx/text_model.onnx"}, papers...), ""},
		{"transformers in fp16", transformers, Want{Layout: bundle.TransformersJS, Precision: "fp16"}, append([]string{"onnx/vision_model_fp16.onnx", "onnx/vision_model_fp16.onnx_data", "onnx/text_model.onnx"}, papers...), ""},
		{"transformers in int8", transformers, Want{Layout: bundle.TransformersJS, Precision: "int8"}, append([]string{"onnx/vision_model_int8.onnx", "onnx/text_model_quantized.onnx"}, papers...), ""},
		{"transformers, no such", transformers, Want{Layout: bundle.TransformersJS, Precision: "int2"}, nil, "no precision"},
		{"transformers, all in half", without(transformers, "onnx/text_model.onnx"), Want{Layout: bundle.TransformersJS, Precision: "fp16", TextOnly: true}, append([]string{"onnx/text_model_fp16.onnx"}, papers...), ""},
		{"transformers, none in half", without(transformers, "onnx/vision_model_fp16.onnx"), Want{Layout: bundle.TransformersJS, Precision: "fp16"}, nil, "lacks the file onnx/vision_model_fp16.onnx"},
		{"transformers, no vocabulary", without(transformers, "tokenizer.json"), Want{Layout: bundle.TransformersJS, TextOnly: true}, append([]string{"onnx/text_model.onnx", "merges.txt"}, without(papers, "tokenizer.json")...), ""},
		{"another layout", transformers, Want{Layout: bundle.Descry}, nil, "not published in the layout"},
		{"nothing", nil, Want{Layout: bundle.Immich}, nil, "lacks"},
	} {
		var files []File
		for _, n := range tt.files {
			files = append(files, File{Path: n})
		}
		chosen, err := Choose(files, tt.w)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		var got []string
		for _, f := range chosen {
			got = append(got, f.Path)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// FuzzList reads lists of files as a hub may send them: what comes out of it can be written
// below a folder, and fetched.
func FuzzList(f *testing.F) {
	list, err := json.Marshal(hubtest.Tree(model()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list)
	f.Add([]byte(`[{"type":"file","path":"../x","size":1,"oid":"0000000000000000000000000000000000000000"}]`))
	f.Add([]byte(`[{"type":"file","path":"a.onnx","size":1,"lfs":{"oid":"sha256:00","size":-1}}]`))
	f.Add([]byte(`[{"path":null},null,{"lfs":{}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var page []entry
		if json.Unmarshal(data, &page) != nil {
			return
		}
		for _, file := range filesOf(page) {
			if !filepath.IsLocal(filepath.FromSlash(file.Path)) || strings.ContainsAny(file.Path, "\\:\x00") || file.Path == stateFile {
				t.Errorf("%q can be written", file.Path)
			}
			if file.Bytes < 0 || file.Bytes > maxFile || file.SHA256 != "" && len(file.SHA256) != 64 {
				t.Errorf("%+v", file)
			}
		}
	})
}
