package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"descry/internal/install"
	"descry/internal/testdata"
	"descry/library/decode/codec"
)

// hideCodecs makes this machine one on which nothing optional is installed.
func hideCodecs(t *testing.T) {
	t.Helper()
	t.Setenv(codec.WithoutVariable, "libheif libavif libjxl")
	t.Setenv("PATH", t.TempDir())
}

func TestDoctorSaysWhatCannotBeRead(t *testing.T) {
	hideCodecs(t)
	out := descry(t, t.TempDir(), "doctor").out
	for what, thing := range map[string]string{"AVIF pictures": install.Libavif, "JPEG XL pictures": install.Libjxl, "videos": install.FFmpeg} {
		_, rest, _ := strings.Cut(out, "lacks  "+what)
		line, rest, _ := strings.Cut(rest, "\n")
		mend, _, _ := strings.Cut(rest, "\n")
		if want := "cannot be read: " + thing + " is not installed"; strings.TrimSpace(line) != want {
			t.Errorf("%s: %q, want %q", what, line, want)
		}
		if want := install.Here().Command(thing); want != "" && strings.TrimSpace(mend) != want {
			t.Errorf("%s is mended by %q, want %q", what, mend, want)
		}
	}
	if !strings.Contains(out, "lacks  HEIC pictures") || !strings.Contains(out, "decoder inside Descry") {
		t.Errorf("of HEIC it says:\n%s", out)
	}
}

func TestDoctorSaysWhatReads(t *testing.T) {
	out := descry(t, t.TempDir(), "doctor").out
	for _, what := range []string{"HEIC pictures          read by libheif 1.", "AVIF pictures          read by lib", "JPEG XL pictures       read by libjxl 0.", "videos                 read by ffmpeg "} {
		kind, _, _ := strings.Cut(what, "  ")
		if strings.Contains(out, "lacks  "+kind) {
			t.Logf("not installed here: what reads %s", kind)
		} else if !strings.Contains(out, "ok     "+what) {
			t.Errorf("%q is not among\n%s", what, out)
		}
	}
}

// Pictures whose decoder is not installed are read once it is.
func TestPicturesWaitForTheirDecoder(t *testing.T) {
	photo := filepath.Join(testdata.Samples(t), "bridge-at-night.jpg")
	pictures, lib := t.TempDir(), t.TempDir()
	cjxl, err := exec.LookPath("cjxl")
	if err != nil {
		t.Skip("skipped: needs the program cjxl (scripts/install-deps test)")
	}
	if said, err := exec.Command(cjxl, "-e", "3", photo, filepath.Join(pictures, "a.jxl")).CombinedOutput(); err != nil {
		t.Fatalf("cjxl: %v\n%s", err, said)
	}
	if err := os.WriteFile(filepath.Join(pictures, "b.jpg"), readFile(t, photo), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, lib, "roots", "add", pictures)
	t.Run("without it", func(t *testing.T) {
		hideCodecs(t)
		for range 2 {
			a := descry(t, lib, "index")
			if !strings.Contains(a.out+a.err, "JPEG XL pictures need libjxl") {
				t.Errorf("it says\n%s%s", a.out, a.err)
			}
			if photos, failed := counts(t, lib); photos != 1 || failed != 1 {
				t.Errorf("%d photos, %d failed", photos, failed)
			}
		}
	})
	if strings.Contains(descry(t, lib, "doctor").out, "lacks  JPEG XL") {
		t.Skip("skipped the rest: libjxl is not installed (scripts/install-deps test)")
	}
	must(t, lib, "index")
	if photos, failed := counts(t, lib); photos != 2 || failed != 0 {
		t.Errorf("%d photos, %d failed", photos, failed)
	}
}

// counts returns how many photos a library holds and how many files could not be used.
func counts(t *testing.T, lib string) (photos, failed int) {
	t.Helper()
	var s struct{ Photos, Failed int }
	if err := json.Unmarshal([]byte(must(t, lib, "status", "--json").out), &s); err != nil {
		t.Fatal(err)
	}
	return s.Photos, s.Failed
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
