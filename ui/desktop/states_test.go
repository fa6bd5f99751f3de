package desktop

import (
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

func TestEmptyLibrary(t *testing.T) {
	x := open(t, fake.New(0))
	if !x.empty.Content.Visible() || x.empty.title.Text() != "Add a folder of photos" || len(x.empty.buttons.Objects) != 2 {
		t.Fatalf("an empty library shows %q", x.empty.title.Text())
	}
	x.dropped(fyne.Position{}, []fyne.URI{uri(t.TempDir())})
	x.pass(time.Second)
	if x.b.Calls("AddRoot") != 1 || x.b.Calls("StartIndexing") != 1 {
		t.Error("dropping a folder did not add it")
	}
	if x.empty.Content.Visible() || len(x.grid.Photos()) != 40 {
		t.Error("the new photos are not shown")
	}
	x.setScope(app.Scope{Kind: app.ScopeFavourites, Title: "Favourites"})
	x.settle()
	if x.empty.title.Text() != "No favourites yet" {
		t.Errorf("no favourites: %q", x.empty.title.Text())
	}
}

type uri string

func (u uri) String() string    { return "file://" + string(u) }
func (u uri) Extension() string { return filepath.Ext(string(u)) }
func (u uri) Name() string      { return filepath.Base(string(u)) }
func (u uri) MimeType() string  { return "" }
func (u uri) Scheme() string    { return "file" }
func (u uri) Authority() string { return "" }
func (u uri) Path() string      { return string(u) }
func (u uri) Query() string     { return "" }
func (u uri) Fragment() string  { return "" }

func TestNoModel(t *testing.T) {
	b := fake.New(50)
	b.Problem = "The ONNX Runtime library is missing: run make runtime."
	x := open(t, b)
	if !x.banner.Content.Visible() || x.banner.text.Text() != b.Problem {
		t.Errorf("the banner says %q", x.banner.text.Text())
	}
	if x.status.model.Text() != "No model" {
		t.Errorf("the status bar says %q", x.status.model.Text())
	}
}

func TestNoticeAboutModelsComesOnce(t *testing.T) {
	b := fake.New(50)
	x := open(t, b)
	if !x.banner.Content.Visible() {
		t.Fatal("no notice that a larger model finds more")
	}
	x.banner.shut.Tapped(nil)
	x.settle()
	x.loadStatus()
	x.settle()
	if x.banner.Content.Visible() {
		t.Error("the notice came back")
	}
}

func TestProgress(t *testing.T) {
	x := open(t, fake.New(50))
	for _, c := range []struct {
		p    app.Progress
		want string
	}{
		{app.Progress{}, ""},
		{app.Progress{Running: true, Job: "Looking at photos", Done: 7590, Total: 12431, PerSecond: 43.2, Left: 112 * time.Second}, "Looking at photos  7,590 of 12,431 · 43/s · 2 minutes left"},
		{app.Progress{Running: true, Job: "Looking at photos", Done: 5, Total: 9, PerSecond: 3.25, Left: 5 * time.Second}, "Looking at photos  5 of 9 · 3.2/s · a few seconds left"},
		{app.Progress{Running: true, Paused: true, Job: "Looking at photos", Done: 5, Total: 9, PerSecond: 3.25}, "Looking at photos  5 of 9 · paused"},
		{app.Progress{Running: true, Quiet: true, Waiting: app.WaitBattery, Job: "Looking at photos", Done: 5, Total: 9}, "Looking at photos  5 of 9 · waiting: on battery"},
		{app.Progress{Running: true, Quiet: true, Waiting: app.WaitPerson, Paused: true, Job: "Looking at photos", Done: 5, Total: 9}, "Looking at photos  5 of 9 · paused"},
		{app.Progress{Running: true, Quiet: true, Job: "Looking at photos", Done: 5, Total: 9, PerSecond: 3.25}, "Looking at photos  5 of 9 · 3.2/s · quiet"},
		{app.Progress{Running: true, Job: "Finding photos", Done: 1234}, "Finding photos  1,234"},
	} {
		if got := progressText(c.p); got != c.want {
			t.Errorf("progress reads %q, want %q", got, c.want)
		}
	}
	x.b.SetProgress(app.Progress{Running: true, Job: "Looking at photos", Done: 5, Total: 9})
	x.settle()
	if !x.status.pause.Visible() {
		t.Fatal("there is nothing to pause with")
	}
	x.status.pause.Tapped(nil)
	x.settle()
	x.status.pause.Tapped(nil)
	x.settle()
	x.status.cancel.Tapped(nil)
	x.settle()
	if x.b.Calls("PauseIndexing") != 1 || x.b.Calls("ResumeIndexing") != 1 || x.b.Calls("CancelIndexing") != 1 {
		t.Error("pause, go on and stop did not arrive")
	}
	if x.status.pause.Visible() {
		t.Error("pause stays after the end")
	}
}

// TestQuietMode switches quiet mode by key, lets work go on that waits, and tells of what somebody
// does.
func TestQuietMode(t *testing.T) {
	x := open(t, fake.New(50))
	for _, want := range []string{app.QuietOn, app.QuietAuto, app.QuietOn} {
		x.focusGrid()
		x.grid.TypedRune('q')
		x.settle()
		if got := x.setting(app.SettingQuiet); got != want || x.toast.Text() == "" {
			t.Errorf("quiet is %q, want %q, and %q is said", got, want, x.toast.Text())
		}
	}
	for _, c := range x.commands {
		if c.name == "Quiet mode: never" {
			c.run()
			x.settle()
		}
	}
	if got := x.setting(app.SettingQuiet); got != app.QuietOff {
		t.Errorf("quiet is %q", got)
	}
	x.b.SetProgress(app.Progress{Running: true, Waiting: app.WaitLow, Job: "Looking at photos", Done: 5, Total: 9})
	x.settle()
	x.status.pause.Tapped(nil)
	x.settle()
	if x.b.Calls("ResumeIndexing") != 1 || x.b.Calls("PauseIndexing") != 0 {
		t.Error("work that waits does not go on when somebody says so")
	}
	touched := x.b.Calls("Touched")
	x.search.Box.SetText("dog")
	x.grid.TypedRune('z')
	x.grid.Scrolled(&fyne.ScrollEvent{})
	if n := x.b.Calls("Touched") - touched; n < 3 {
		t.Errorf("%d of three acts were told of", n)
	}
	// What happens by itself is nobody's doing.
	touched = x.b.Calls("Touched")
	x.b.Events().Changed()
	x.pass(time.Second)
	if n := x.b.Calls("Touched") - touched; n != 0 {
		t.Errorf("new photos count as %d acts", n)
	}
}

// TestManyEventsMakeOneRefresh checks that a busy indexer does not keep the window busy.
func TestManyEventsMakeOneRefresh(t *testing.T) {
	x := open(t, fake.New(50))
	before := x.b.Calls("Browse")
	for range 10_000 {
		x.b.Events().Changed()
		x.b.Events().Progress(app.Progress{Running: true})
	}
	x.pass(time.Second)
	if n := x.b.Calls("Browse") - before; n != 1 {
		t.Errorf("10,000 changes made %d refreshes", n)
	}
}

func TestSidebar(t *testing.T) {
	x := open(t, fake.New(300))
	find := func(title string) int {
		return slices.IndexFunc(x.side.rows, func(e *sideEntry) bool { return e.title == title })
	}
	disk := find("USB disk")
	if disk < 0 || x.side.rows[disk].state != library.Offline || !strings.Contains(x.side.rows[disk].tip, "not connected") {
		t.Error("the disk that is not connected does not say so")
	}
	if find("2019") >= 0 {
		t.Fatal("folders are open from the start")
	}
	x.side.toggle(x.side.rows[find("Pictures")])
	sub := find("2019")
	if sub < 0 || x.side.rows[sub].depth != 1 {
		t.Fatal("the subfolder does not show")
	}
	x.side.Select(sub)
	x.settle()
	if x.scope.Kind != app.ScopeFolder || x.scope.Dir != "2019" || len(x.grid.Photos()) != 100 {
		t.Errorf("scope %+v, %d photos", x.scope, len(x.grid.Photos()))
	}
	x.b.Events().Changed()
	x.pass(time.Second)
	if x.scope.Dir != "2019" || x.side.rows[find("2019")].key != x.side.current {
		t.Error("a refresh forgot what was chosen")
	}
	if got := x.b.Setting(t.Context(), settingOpen); !strings.Contains(got, "folder/1/") {
		t.Errorf("remembered as open: %q", got)
	}
}

func TestPanesAreRemembered(t *testing.T) {
	b := fake.New(50)
	x := open(t, b)
	x.panes.LeftWidth = 300
	x.typed("i")
	x.settle()
	y := open(t, b)
	if y.panes.LeftWidth != 300 || y.panes.RightOpen() || !y.panes.LeftOpen() {
		t.Errorf("left %v, right open %v", y.panes.LeftWidth, y.panes.RightOpen())
	}
	y.typed("b")
	if y.panes.LeftOpen() || y.panes.RightOpen() {
		t.Error("B does not close the panes")
	}
	if w := y.grid.Size().Width; w < 1270 {
		t.Errorf("the grid is %v wide in a window without panes", w)
	}
	y.typed("b")
	if !y.panes.LeftOpen() || !y.panes.RightOpen() {
		t.Error("B does not bring them back")
	}
}

func TestKeysAreUnique(t *testing.T) {
	x := open(t, fake.New(0))
	seen := map[string]string{}
	for _, c := range x.commands {
		for _, key := range append(strings.Split(c.runes, ""), string(c.key)) {
			if key == "" {
				continue
			}
			if other := seen[key]; other != "" {
				t.Errorf("%q is the key of %q and of %q", key, other, c.name)
			}
			seen[key] = c.name
		}
		if c.shortcut != nil {
			name := c.shortcut.ShortcutName()
			if other := seen[name]; other != "" {
				t.Errorf("%s is the shortcut of %q and of %q", name, other, c.name)
			}
			seen[name] = c.name
		}
	}
	items := 0
	for _, m := range x.mainMenu().Items {
		items += len(m.Items)
	}
	if items < len(x.commands) {
		t.Errorf("%d menu items for %d commands", items, len(x.commands))
	}
}

func TestPalette(t *testing.T) {
	x := open(t, fake.New(50))
	x.choose(1)
	x.run("Every command by name …")
	x.typed("favou")
	x.canvas.Focused().(*field).OnSubmitted("favou")
	x.pass(time.Second)
	if x.b.Calls("SetFavourite") != 1 {
		t.Error("typing a command's name and Enter did not run it")
	}
	if x.sheet != nil {
		t.Error("the sheet stays open")
	}
}

func TestEditingShortcutsStayInTextFields(t *testing.T) {
	x := open(t, fake.New(50))
	x.focusSearch()
	x.typed("dogs")
	x.run("Select all")
	if s := x.grid.Selection(); x.search.Box.SelectedText() != "dogs" || s.Count() != 0 {
		t.Error("Ctrl+A in the box chose photos")
	}
	x.run("Undo")
	if x.b.Calls("Undo") != 0 {
		t.Error("Ctrl+Z in the box undid a change of the library")
	}
	x.focusGrid()
	x.run("Select all")
	if s := x.grid.Selection(); s.Count() != 50 {
		t.Errorf("%d photos chosen", s.Count())
	}
}

// TestManyRows opens, searches, scrolls and chooses in a list of 50,000.
func TestManyRows(t *testing.T) {
	x := open(t, fake.New(50_000))
	if len(x.grid.Photos()) != 50_000 {
		t.Fatal("not all photos are listed")
	}
	objects := x.grid.Objects()
	x.key(fyne.KeyEnd)
	x.pass(time.Second)
	if _, to := x.grid.InSight(); to != 50_000 {
		t.Errorf("End shows up to %d", to)
	}
	x.search.SetText("dog")
	x.search.now()
	x.settle()
	if x.found.Matched == 0 || x.grid.Offset() != 0 {
		t.Error("a search in a large library")
	}
	x.search.escape()
	x.settle()
	x.run("Select all")
	x.pass(time.Second)
	if x.detail.title.Text() != "50,000 photos chosen" {
		t.Errorf("the pane says %q", x.detail.title.Text())
	}
	if n := x.b.Calls("Detail"); n > lookedAt+5 {
		t.Errorf("%d photos were read to show what 50,000 share", n)
	}
	if x.grid.Objects() != objects {
		t.Errorf("cells to draw with grew from %d to %d", objects, x.grid.Objects())
	}
	if n := x.b.Calls("Thumbnail"); n > 400 {
		t.Errorf("%d thumbnails were fetched", n)
	}
}

func TestDraw(t *testing.T) {
	t.Setenv("LANG", "en_US.UTF-8")
	for _, c := range []struct {
		name string
		o    Options
		w, h int
	}{
		{"light", Options{Photo: 1}, 760, 420},
		{"dark at scale 2", Options{Mode: look.AlwaysDark, Scale: 2, Query: "dog"}, 640, 360},
	} {
		file := filepath.Join(t.TempDir(), "window.png")
		if err := Draw(fake.New(200), c.w, c.h, file, c.o); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		scale := max(int(c.o.Scale), 1)
		if img.Bounds().Size() != image.Pt(c.w*scale, c.h*scale) {
			t.Errorf("%s: the picture is %v", c.name, img.Bounds())
		}
		colours := map[any]bool{}
		for y := 0; y < img.Bounds().Dy(); y += 3 {
			for x := 0; x < img.Bounds().Dx(); x += 3 {
				colours[img.At(x, y)] = true
			}
		}
		if len(colours) < 300 {
			t.Errorf("%s: %d colours; the photos are not there", c.name, len(colours))
		}
	}
}
