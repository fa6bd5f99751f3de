package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type sidecar struct{ Path, Sidecar, State, Error string }

// writeSidecars runs meta write and returns what became of each photo.
func writeSidecars(t *testing.T, lib string, status int, args ...string) []sidecar {
	t.Helper()
	a := descry(t, lib, append([]string{"meta", "write", "--json"}, args...)...)
	if a.status != status {
		t.Fatalf("meta write: status %d\n%s%s", a.status, a.out, a.err)
	}
	matchJSON(t, `[{"path":"","sidecar":"","state":"","error":""}]`, a.out)
	var docs []sidecar
	if err := json.Unmarshal([]byte(a.out), &docs); err != nil {
		t.Fatal(err)
	}
	return docs
}

// TestMetaWrite writes what was said of photos into sidecars, photo files left alone.
func TestMetaWrite(t *testing.T) {
	folder, paths := photos(t, 3)
	lib := newLibrary(t)
	must(t, lib, "index", folder)
	must(t, lib, "tag", "confirm", "animals/dog", paths[0])
	must(t, lib, "alt", paths[0], "--set", "A dog & a ball.")
	before := make([][]byte, len(paths))
	for i, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		before[i] = data
	}

	got := writeSidecars(t, lib, 0, folder)
	i := slices.IndexFunc(got, func(s sidecar) bool { return s.Path == paths[0] })
	if len(got) != len(paths) || i < 0 || got[i].State != "written" || got[i].Sidecar != paths[0]+".xmp" {
		t.Fatalf("%+v", got)
	}
	packet, err := os.ReadFile(paths[0] + ".xmp")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">dog<", ">animals|dog<", ">A dog &amp; a ball.<"} {
		if !bytes.Contains(packet, []byte(want)) {
			t.Errorf("%s is not in\n%s", want, packet)
		}
	}
	if got := writeSidecars(t, lib, 0, paths[0]); got[0].State != "unchanged" {
		t.Errorf("the second time: %+v", got)
	}
	for i, p := range paths {
		if data, err := os.ReadFile(p); err != nil || !bytes.Equal(data, before[i]) {
			t.Errorf("%s was changed (%v)", p, err)
		}
	}
	// Sidecars are no photos, and reading the folder again finds nothing new or broken.
	a := must(t, lib, "index", "--json")
	if !strings.Contains(a.out, `"new": 0`) || !strings.Contains(a.out, `"failed": []`) {
		t.Errorf("the next run: %s", a.out)
	}

	// What is taken back goes, what another program wrote stays, and one that cannot be read is left alone.
	must(t, lib, "tag", "clear", "animals/dog", paths[0])
	if got := writeSidecars(t, lib, 0, paths[0]); got[0].State != "written" {
		t.Errorf("after taking a tag back: %+v", got)
	}
	if packet, err = os.ReadFile(paths[0] + ".xmp"); err != nil || bytes.Contains(packet, []byte(">dog<")) {
		t.Errorf("the tag is still there (%v):\n%s", err, packet)
	}
	if err := os.WriteFile(paths[1]+".xmp", []byte("no XMP"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := writeSidecars(t, lib, 3, paths[1]); got[0].State != "failed" || got[0].Error == "" {
		t.Errorf("%+v", got)
	}
	complaint(t, lib, 1, "failed", "config", "set", "sidecars", "elsewhere")
	must(t, lib, "config", "set", "sidecars", "short")
	short := strings.TrimSuffix(paths[0], filepath.Ext(paths[0])) + ".xmp"
	if got := writeSidecars(t, lib, 0, paths[0]); got[0].Sidecar != short || got[0].State != "written" {
		t.Errorf("%+v", got)
	}
	complaint(t, lib, 2, "usage", "meta", "write")
}

// TestMetaReadVideo reads what a video says as an index does.
func TestMetaReadVideo(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("skipped: needs the program ffmpeg (scripts/install-deps test)")
	}
	film := filepath.Join(t.TempDir(), "a.mov")
	if said, err := exec.Command(ffmpeg, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=5:d=2", "-c:v", "mpeg4",
		"-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.creationdate=2023-05-06T09:08:09+0200",
		"-metadata", "com.apple.quicktime.make=Apple", "-metadata", "com.apple.quicktime.model=iPhone 14 Pro", film).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, said)
	}
	var got struct {
		Format, Taken, Make, Model string
		Width, Height              int
		Seconds                    float64 `json:"duration_seconds"`
	}
	if err := json.Unmarshal([]byte(must(t, newLibrary(t), "meta", "read", "--json", film).out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "mov" || got.Width != 320 || got.Height != 180 || got.Seconds != 2 || got.Make != "Apple" || got.Model != "iPhone 14 Pro" ||
		!strings.HasPrefix(got.Taken, "2023-05-06T09:08:09") {
		t.Errorf("%+v", got)
	}
}
