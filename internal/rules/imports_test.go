package rules

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"descry/internal/testdata"
)

const module = "descry"

// layers says, for each part of the tree, which other parts it may import. The first part
// that holds a package counts; a part may always import itself. What is listed for tests is
// allowed to _test.go files on top. All may use internal packages.
var layers = []struct {
	part  string
	may   []string
	tests []string
}{
	// main.go is the composition root and wires everything.
	{part: ".", may: []string{"assets", "clipengine", "library", "tagging", "ui"}},
	{part: "assets", tests: []string{"clipengine", "library", "tagging"}},
	// Pixels and words in, vectors out; and photos, which know nothing of models.
	{part: "clipengine", tests: []string{"assets", "library/decode"}},
	{part: "library", tests: []string{"assets"}},
	{part: "tagging", may: []string{"library"}, tests: []string{"assets", "clipengine"}},
	{part: "ui/app", may: []string{"assets", "clipengine", "library", "tagging"}},
	// The two faces reach what lies below through the use cases; of the library they know
	// the words of the domain.
	{part: "ui/cli", may: []string{"ui/app", "assets", "library", "tagging"}},
	{part: "ui/desktop", may: []string{"ui/app", "assets", "library", "tagging"}},
	{part: "internal/photomaker", may: []string{"library"}},
	{part: "internal", tests: []string{"assets", "clipengine", "library", "tagging", "ui"}},
	{part: "tools", may: []string{"assets", "clipengine", "library", "tagging", "ui/app"}},
}

// forTests are packages that make or find what tests need; the program does without them.
var forTests = []string{"internal/testdata", "internal/photomaker", "internal/onnxtest", "internal/hubtest"}

// owners says who alone may import what.
var owners = []struct {
	what, why string
	imports   []string // import paths and everything below them
	by        []string // parts of the tree
}{
	{
		what:    "the window toolkit",
		why:     "everything else works without a display",
		imports: []string{"fyne.io"},
		by:      []string{".", "ui/desktop"},
	},
	{
		what:    "SQL",
		why:     "the schema has one owner",
		imports: []string{"database/sql", "github.com/mattn/go-sqlite3"},
		by:      []string{"library/store"},
	},
	{
		what:    "the model runtime",
		why:     "finding, loading and closing it has one owner",
		imports: []string{"github.com/yalue/onnxruntime_go"},
		by:      []string{"clipengine/ort"},
	},
	{
		what:    "decoders that may crash",
		why:     "they run in child processes, and loading one touches the whole process",
		imports: []string{"github.com/gen2brain/heic"},
		by:      []string{"library/decode/codec"},
	},
	{
		what:    "the network",
		why:     "nothing but a download that was asked for may use it",
		imports: []string{"net/http"},
		by:      []string{"clipengine/hub", "internal/hubtest"},
	},
	{
		what:    "the store and the runtime",
		why:     "a face asks the use cases, which ask them",
		imports: []string{module + "/library/store", module + "/clipengine/ort"},
		by:      []string{".", "library", "clipengine", "tagging", "ui/app", "tools", "internal"},
	},
}

// broken returns what is wrong with package from (a folder of the module) importing path,
// or "".
func broken(from, imported string, test bool) string {
	for _, o := range owners {
		if !inAny(imported, o.imports) || inAny(from, o.by) {
			continue
		}
		return "only " + strings.Join(o.by, ", ") + " may import " + imported + ": " + o.what + ", " + o.why
	}
	to, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		return ""
	}
	switch {
	case inAny(to, forTests) && !test && !in(from, "internal") && !in(from, "tools"):
		return "only tests may import " + to
	case in(to, "internal"):
		return ""
	}
	for _, l := range layers {
		if !in(from, l.part) {
			continue
		}
		if l.part != "." && in(to, l.part) || inAny(to, l.may) || test && inAny(to, l.tests) {
			return ""
		}
		return l.part + " may not import " + to
	}
	return from + " is in no layer: add it to the table in internal/rules"
}

// in tells whether a path is a folder or lies below it; "." is the root package alone.
func in(p, folder string) bool {
	return p == folder || strings.HasPrefix(p, folder+"/")
}

func inAny(p string, folders []string) bool {
	for _, f := range folders {
		if in(p, f) {
			return true
		}
	}
	return false
}

// files returns the files of the checkout that are tracked, or new and not ignored, with
// slashes, relative to the root.
func files(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = testdata.Repo(t)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("skipped: not a git checkout: %v", err)
	}
	var names []string
	for _, name := range strings.Split(string(out), "\x00") {
		if name == "" {
			continue
		}
		// A tracked file may be gone from the working tree.
		if _, err := os.Lstat(filepath.Join(cmd.Dir, name)); err == nil {
			names = append(names, name)
		}
	}
	return names
}

func TestImportsPointOneWay(t *testing.T) {
	root := testdata.Repo(t)
	seen := 0
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "/testdata/") && !strings.HasPrefix(name, "internal/testdata/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("read the imports of %s: %v", name, err)
			continue
		}
		seen++
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: import %s: %v", name, spec.Path.Value, err)
				continue
			}
			if why := broken(path.Dir(name), imported, strings.HasSuffix(name, "_test.go")); why != "" {
				t.Errorf("%s: %s", name, why)
			}
		}
	}
	if seen == 0 {
		t.Error("no Go file was looked at")
	}
}

func TestBrokenImportsAreFound(t *testing.T) {
	tests := []struct {
		from, imported string
		test           bool
		ok             bool
	}{
		{"library/indexer", module + "/library/store", false, true},
		{"library/indexer", module + "/clipengine", false, false},
		{"clipengine", module + "/library", false, false},
		{"clipengine/bundle", module + "/clipengine/preprocess", false, true},
		{"clipengine", module + "/assets", false, false},
		{"clipengine", module + "/assets", true, true},
		{"tagging", module + "/library/calib", false, true},
		{"tagging", module + "/clipengine", false, false},
		{"library/search", module + "/tagging", false, false},
		{"ui/app", module + "/clipengine/ort", false, true},
		{"ui/app", module + "/ui/desktop", false, false},
		{"ui/desktop", module + "/ui/cli", false, false},
		{"ui/desktop", module + "/library/store", false, false},
		{"ui/cli", module + "/library", false, true},
		{"assets", module + "/library", false, false},
		{"library/vectors", module + "/internal/float16", false, true},
		{"library/vectors", module + "/internal/testdata", false, false},
		{"library/vectors", module + "/internal/testdata", true, true},
		{"internal/float16", module + "/library", false, false},
		{"library/search", "database/sql", false, false},
		{"library/store", "github.com/mattn/go-sqlite3", false, true},
		{"ui/app", "fyne.io/fyne/v2", false, false},
		{"ui/desktop/grid", "fyne.io/fyne/v2/widget", false, true},
		{".", "fyne.io/fyne/v2/app", false, true},
		{"clipengine", "github.com/yalue/onnxruntime_go", false, false},
		{"ui/app", "net/http", false, false},
		{"clipengine/hub", "net/http", false, true},
		{"library/store", "net/http/httptest", true, false},
		{"somewhere", module + "/library", false, false},
	}
	for _, test := range tests {
		why := broken(test.from, test.imported, test.test)
		if (why == "") != test.ok {
			t.Errorf("%s imports %s: %q, want allowed %v", test.from, test.imported, why, test.ok)
		}
	}
}
