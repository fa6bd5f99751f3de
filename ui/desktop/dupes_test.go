package desktop

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"descry/library/trash"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
)

func dupes(t *testing.T, groups int) *bench {
	b := fake.New(500)
	b.Alike(groups)
	x := open(t, b)
	x.showDuplicates()
	x.settle()
	return x
}

func TestDuplicatesAreListed(t *testing.T) {
	x := dupes(t, 9)
	p := x.dupes
	if !p.Open() || x.photos.Visible() || x.canvas.Focused() != fyne.Focusable(p.list) {
		t.Fatal("the page of duplicates is not shown")
	}
	if len(p.shown) != 9 || !strings.HasPrefix(p.line.Text(), "Duplicates · 9 groups") {
		t.Errorf("%d groups, %q", len(p.shown), p.line.Text())
	}
	for i, want := range []string{"The same picture in 2 files", "Nearly the same picture, 3 photos", "Burst: 7 different photos of one moment"} {
		if got := groupText(p.shown[i*3]); got != want {
			t.Errorf("group %d is called %q, want %q", i*3, got, want)
		}
	}
	if got := whyText(p.shown[0]); !strings.HasSuffix(got, "(largest, 6000 × 4000; keeps the camera's data)") {
		t.Errorf("the best is so %q", got)
	}
	if got := p.list.AccessibilityLabel(); !strings.HasSuffix(got, "IMG_00000_1.jpg, Best") {
		t.Errorf("the focus reads %q", got)
	}
	x.key(fyne.KeyEscape)
	if p.Open() || !x.photos.Visible() || x.side.current != "all" {
		t.Error("Esc did not go back to the photos")
	}
}

func TestManyDuplicatesNeedFewObjects(t *testing.T) {
	x := dupes(t, 6000)
	if len(x.dupes.shown) != 6000 {
		t.Fatalf("%d groups", len(x.dupes.shown))
	}
	x.key(fyne.KeyEnd)
	x.key(fyne.KeyHome)
	if n := x.b.Calls("Thumbnail"); n > 200 {
		t.Errorf("%d thumbnails were fetched", n)
	}
}

func TestTrashingDuplicates(t *testing.T) {
	x := dupes(t, 9)
	p := x.dupes
	g := p.shown[0]
	x.key(fyne.KeyRight)
	x.typed("c")
	if g.best != 1 || !strings.HasSuffix(whyText(g), "your choice") {
		t.Fatalf("the best is %d, %q", g.best, whyText(g))
	}
	x.key(fyne.KeyDelete)
	if len(p.shown) != 8 || len(x.b.Heirs) != 1 {
		t.Fatalf("%d groups are left, %v went", len(p.shown), x.b.Heirs)
	}
	if it := x.b.Heirs[0]; it.Path != g.Members[0].Path || it.Keep != g.Members[1].Path {
		t.Errorf("%s went for %s", it.Path, it.Keep)
	}
	if got := x.toast.Text(); got != "Moved 1 file to the trash." {
		t.Errorf("the toast says %q", got)
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if len(p.shown) != 9 {
		t.Errorf("after Undo %d groups are listed", len(p.shown))
	}

	// Of a burst one more stays.
	x.key(fyne.KeyEnd)
	x.key(fyne.KeyRight)
	x.typed(" ")
	x.b.Heirs = nil
	x.key(fyne.KeyDelete)
	if len(x.b.Heirs) != 5 {
		t.Errorf("%d of seven shots went, two should stay", len(x.b.Heirs))
	}
}

func TestKeepingAndSkippingDuplicates(t *testing.T) {
	x := dupes(t, 9)
	p := x.dupes
	x.typed("k")
	x.settle()
	if len(p.shown) != 9 || x.b.Calls("KeepBoth") != 0 {
		t.Error("copies of one picture were called different")
	}
	x.typed("s")
	x.settle()
	if len(p.shown) != 8 {
		t.Error("the group was not skipped")
	}
	p.search()
	x.settle()
	if len(p.shown) != 8 {
		t.Error("the skipped group came back")
	}
	p.list.goTo(3, 0)
	x.typed("k")
	x.settle()
	if len(p.shown) != 7 || x.b.Calls("KeepBoth") != 1 {
		t.Errorf("%d groups after Keep all", len(p.shown))
	}
	x.toast.action.Tapped(nil)
	x.settle()
	if len(p.shown) != 8 {
		t.Errorf("%d groups after Undo", len(p.shown))
	}
}

func TestTrashingAllCopies(t *testing.T) {
	x := dupes(t, 9)
	items, groups, _ := x.dupes.bulk()
	if groups != 6 || len(items) == 0 {
		t.Fatalf("%d files of %d groups", len(items), groups)
	}
	x.dupes.trashAll()
	if x.sheet == nil {
		t.Fatal("nothing was asked")
	}
	x.key(fyne.KeySpace)
	if x.sheet != nil || len(x.b.Heirs) != len(items) || len(x.dupes.shown) != 3 {
		t.Errorf("%d files went of %d, %d groups are left", len(x.b.Heirs), len(items), len(x.dupes.shown))
	}
}

func TestNoDuplicates(t *testing.T) {
	b := fake.New(500)
	b.Problem = "The model is missing."
	x := open(t, b)
	x.showDuplicates()
	x.settle()
	e := x.dupes.empty
	if !e.Content.Visible() || e.title.Text() != "No duplicates" || !strings.Contains(e.text.Text(), "500 photos") ||
		!strings.Contains(e.text.Text(), "Without a model") {
		t.Errorf("nothing found reads %q, %q", e.title.Text(), e.text.Text())
	}
}

func TestLookingForDuplicatesCanBeStopped(t *testing.T) {
	x := dupes(t, 9)
	p := x.dupes
	p.showProgress(app.Progress{Job: "Comparing photos", Done: 1, Total: 4, Running: true})
	if p.line.Text() != "Comparing photos  1 of 4" || !p.stop.Visible() {
		t.Errorf("progress reads %q", p.line.Text())
	}
	p.search()
	p.cancel()
	x.settle()
	if p.running || len(p.shown) != 9 || p.busy.Visible() {
		t.Error("the search did not stop, or took what was found along")
	}
}

func TestComparingDuplicates(t *testing.T) {
	x := dupes(t, 9)
	p, v := x.dupes, x.viewer
	p.list.goTo(3, 0)
	x.key(fyne.KeyReturn)
	x.settle()
	g := p.shown[3]
	if !v.Open() || !v.twoUp() || v.beside.with != 0 || v.at != 1 || len(v.ids) != 3 {
		t.Fatal("the viewer does not show the best beside the next photo")
	}
	if got := v.beside.left.Text(); !strings.HasPrefix(got, "Best · "+baseName(g.Members[0].Path)+" · 6000 × 4000") {
		t.Errorf("above the left photo stands %q", got)
	}
	if a, b := v.beside.Pane.Size(), v.Pane.Size(); a.Width < 100 || a.Width != b.Width {
		t.Errorf("the photos are %v and %v wide", a, b)
	}
	x.typed("1")
	if v.beside.Pane.Fitted() || v.Pane.Fitted() {
		t.Error("only one of the photos was zoomed")
	}
	x.key(fyne.KeyRight)
	x.settle()
	if v.at != 2 || p.member != 2 || v.Pane.Fitted() {
		t.Errorf("at photo %d, the focus on %d; the spot was lost: %v", v.at, p.member, v.Pane.Fitted())
	}
	x.typed("c") // the right one is the best: they change places
	x.settle()
	if g.best != 2 || v.beside.with != 2 || v.at != 0 {
		t.Errorf("the best is %d, the photos are %d and %d", g.best, v.beside.with, v.at)
	}
	x.typed("o")
	if v.twoUp() || v.beside.column.Visible() || v.at != 0 {
		t.Error("O does not show one photo at a time")
	}
	x.key(fyne.KeyRight)
	if v.at != 1 {
		t.Errorf("one at a time: photo %d", v.at)
	}
	x.key(fyne.KeyEscape)
	if v.Open() || !p.Open() || p.at != 3 || p.member != 1 {
		t.Error("after the viewer the focus is elsewhere")
	}
	x.key(fyne.KeyReturn)
	x.key(fyne.KeyDelete)
	if v.Open() || len(p.shown) != 8 {
		t.Errorf("Delete while comparing: %d groups are left", len(p.shown))
	}
}

func TestTrashFromTheGrid(t *testing.T) {
	x := open(t, fake.New(100))
	x.choose(2)
	x.key(fyne.KeyDelete)
	x.pass(refreshPause)
	if got := x.toast.Text(); got != "Moved 1 file to the trash." || len(x.grid.Photos()) != 99 {
		t.Fatalf("%q, %d photos are left", got, len(x.grid.Photos()))
	}
	x.toast.action.Tapped(nil)
	x.pass(refreshPause)
	if len(x.grid.Photos()) != 100 {
		t.Error("Undo did not bring the photo back")
	}
	x.b.TrashError = trash.ErrUnsupported
	x.choose(2)
	x.key(fyne.KeyDelete)
	if got := x.toast.Text(); got != "Descry cannot move files to the trash of this system yet. Use the file manager." {
		t.Errorf("without a trash the toast says %q", got)
	}
	x.b.TrashError = nil
	d, err := x.b.Detail(t.Context(), x.grid.Photos()[2])
	if err != nil {
		t.Fatal(err)
	}
	x.b.TrashFails = map[string]string{d.Path: "The disk has no trash that can be written."}
	x.key(fyne.KeyDelete)
	if got := x.toast.Text(); !strings.HasPrefix(got, "1 file stays: ‘IMG_00003.jpg’: The disk") {
		t.Errorf("a file that stays reads %q", got)
	}
}
