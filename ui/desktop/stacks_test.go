package desktop

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"descry/library"
	"descry/ui/app"
	"descry/ui/desktop/internal/fake"
	"descry/ui/desktop/look"
)

func stacked(t *testing.T) *bench {
	b := fake.New(200)
	b.Stacks = true
	return open(t, b)
}

func TestStacksAreOneCell(t *testing.T) {
	x := stacked(t)
	if n := len(x.grid.Photos()); n != 193 {
		t.Errorf("%d cells", n)
	}
	if got := x.result.Text(); got != "All photos · 200 photos, 193 shown, stacks as one" {
		t.Errorf("above the grid stands %q", got)
	}
	x.choose(0)
	if got := x.grid.AccessibilityLabel(); got != "IMG_00001.jpg, stack of 3 photos" {
		t.Errorf("the cell reads %q", got)
	}
	if got := x.detail.stack.title.Text(); got != "Burst of 3" || len(x.detail.stack.boxes) != 3 {
		t.Errorf("the details show %q with %d photos", got, len(x.detail.stack.boxes))
	}
	x.typed("o")
	x.settle()
	if got := x.result.Text(); len(x.grid.Photos()) != 3 || !strings.HasPrefix(got, "Burst of 3 · IMG_00001.jpg") {
		t.Fatalf("the open stack has %d photos, %q", len(x.grid.Photos()), got)
	}
	x.key(fyne.KeyEscape)
	if _, id, _ := x.grid.Cursor(); len(x.grid.Photos()) != 193 || id != 1 {
		t.Errorf("after Esc %d cells, the cursor on %d", len(x.grid.Photos()), id)
	}
	x.typed("g")
	x.settle()
	if len(x.grid.Photos()) != 200 || x.b.Setting(t.Context(), settingSingly) != "true" {
		t.Error("the photos of stacks are not shown singly")
	}
}

// TestPhotosOfAStackInTheViewer steps through a stack from the details; the grid stays where it is.
func TestPhotosOfAStackInTheViewer(t *testing.T) {
	x := stacked(t)
	x.choose(0)
	top := x.detail.shown.Photo
	x.viewStack(x.detail.shown.Stack[1].Photo)
	x.pass(choosePause)
	x.key(fyne.KeyRight)
	x.pass(choosePause)
	_, id := x.viewer.Current()
	_, at, _ := x.grid.Cursor()
	if x.detail.shown.Photo != id || id == top || at != top {
		t.Errorf("the viewer shows photo %d, the details are of %d, the grid is at %d", id, x.detail.shown.Photo, at)
	}
	x.typed("t")
	if got := x.toast.Text(); !x.viewer.Open() || !strings.Contains(got, "not here") {
		t.Errorf("T says %q, the viewer open: %v", got, x.viewer.Open())
	}
	x.key(fyne.KeyEscape)
	x.pass(choosePause)
	if _, at, _ = x.grid.Cursor(); x.detail.shown.Photo != top || at != top {
		t.Errorf("afterwards the details are of photo %d, the grid is at %d", x.detail.shown.Photo, at)
	}
}

func TestBadgeOpensItsStack(t *testing.T) {
	x := stacked(t)
	side := x.grid.Size()
	_ = side
	// The badge lies in the upper right corner of the first cell.
	for px := float32(40); px < 260 && x.stack.top == 0; px += 6 {
		e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
		e.Position = fyne.NewPos(px, 20)
		x.grid.MouseDown(e)
		x.grid.MouseUp(e)
		x.settle()
	}
	if x.stack.top != 1 {
		t.Error("no click on the first row opened the stack")
	}
	x.typed("beach")
	x.focusSearch()
	x.typed("beach")
	x.pass(time.Second)
	if x.stack.top != 0 || len(x.grid.Photos()) < 10 {
		t.Error("a search stays within the stack")
	}
}

func TestBadges(t *testing.T) {
	for _, c := range []struct {
		card app.Card
		icon look.Icon
		text string
		name string
	}{
		{app.Card{Format: "jpeg"}, "", "", ""},
		{app.Card{Format: "jpeg", Stacked: 7}, look.StackIcon, "7", "stack of 7 photos"},
		{app.Card{Format: "mp4", Duration: 83 * time.Second}, look.Play, "1:23", "video, 1:23"},
		{app.Card{Format: "mov", Duration: 3723 * time.Second}, look.Play, "1:02:03", "video, 1:02:03"},
		{app.Card{Format: "mkv"}, look.Play, "", "video"},
		{app.Card{Format: "jpeg", Motion: true}, look.MotionIcon, "", "motion photo"},
	} {
		if b := badgeOf(c.card); b.Icon != c.icon || b.Text != c.text || b.Name != c.name {
			t.Errorf("%+v has the badge %+v", c.card, b)
		}
	}
}

func TestFormatsInWords(t *testing.T) {
	open(t, fake.New(0))
	for format, want := range map[string]string{
		"cr3": "Canon RAW (CR3), shown by its preview", "jpeg": "JPEG", "jxl": "JPEG XL", "": "",
		"mov": "Video (MOV), shown by one of its frames", "psd": "Photoshop (PSD), shown by all its layers together",
	} {
		if got := formatText(format); got != want {
			t.Errorf("%q is called %q, want %q", format, got, want)
		}
	}
}

func TestOpeningOutside(t *testing.T) {
	x := open(t, fake.New(40))
	var opened []string
	x.show = func(path string) error { opened = append(opened, path); return nil }
	x.choose(0)
	x.typed("p")
	x.settle()
	x.typed("r")
	x.settle()
	if len(opened) != 2 || opened[0] != "/home/ann/Pictures/2021 Sardinia/IMG_00001.jpg" || opened[1] != "/home/ann/Pictures/2021 Sardinia" {
		t.Errorf("opened %q", opened)
	}
	if got := fileURL("/a b/100%#?\xff.jpg").String(); got != "file:///a%20b/100%25%23%3F%FF.jpg" {
		t.Errorf("the address is %s", got)
	}
	d := dupes(t, 3)
	opened = nil
	d.show = func(path string) error { opened = append(opened, path); return nil }
	d.key(fyne.KeyRight)
	d.typed("p")
	d.settle()
	if len(opened) != 1 || opened[0] != d.dupes.shown[0].Members[1].Path {
		t.Errorf("of a duplicate %q was opened", opened)
	}
	x.show = func(string) error { return &exec.Error{Name: "xdg-open", Err: errors.New("not found")} }
	x.typed("p")
	x.settle()
	if got := x.toast.Text(); !strings.Contains(got, "xdg-open") {
		t.Errorf("the toast says %q", got)
	}
	x.choose(30) // its disk is away
	x.typed("p")
	x.settle()
	if got := x.toast.Text(); got != "It could not be opened: Its disk is not connected." {
		t.Errorf("the toast says %q", got)
	}
	x.key(fyne.KeyReturn)
	x.settle()
	if got := x.viewer.state.Text(); got != "Its disk is not connected. This is the thumbnail." || !x.viewer.plate.Visible() {
		t.Errorf("the viewer says %q", got)
	}
}

func TestStateNotes(t *testing.T) {
	for _, c := range []struct {
		card app.Card
		want string
	}{
		{app.Card{State: library.Present, Format: "jpeg"}, ""},
		{app.Card{State: library.Missing, Format: "mp4"}, "The file is missing. This is the thumbnail."},
		{app.Card{State: library.Present, Format: "mp4"}, "This is a frame of the video. Press P to play it with the system's program."},
	} {
		if got := stateNote(c.card); got != c.want {
			t.Errorf("%+v: %q", c.card, got)
		}
	}
}
