package camera_test

import (
	"os"
	"path/filepath"
	"testing"

	"descry/internal/camera"
	"descry/internal/testdata"
	"descry/library/decode/jpegcodec"
	"descry/library/decode/jpegseg"
	"descry/library/metadata"
)

func TestStoredAsCamerasDo(t *testing.T) {
	picture, err := os.ReadFile(filepath.Join(testdata.Samples(t), "polar-bear.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := camera.Kinds(24)
	var progressive, across int
	for _, k := range kinds {
		if k.Progressive {
			progressive++
		}
		if k.Across {
			across++
		}
	}
	if progressive != 3 || across != 8 {
		t.Errorf("%d of 24 are progressive and %d are 4:2:2", progressive, across)
	}
	for _, i := range []int{2, 4} {
		k := kinds[i]
		data, err := camera.Stored(picture, 1, k)
		if err != nil {
			t.Fatal(err)
		}
		f, err := jpegseg.ReadFrame(data)
		if err != nil || f.Width != camera.Width || f.Height != camera.Height {
			t.Errorf("%+v: %+v, %v", k, f, err)
		}
		if got := f.SOF == 0xC2; got != k.Progressive && jpegcodec.Name == "libjpeg-turbo" {
			t.Errorf("%+v: progressive is %v", k, got)
		}
		if bits := float64(len(data)) * 8 / (camera.Width * camera.Height); bits < 2 || bits > 4 {
			t.Errorf("%+v: %.2f bits a pixel", k, bits)
		}
		m, err := metadata.Read(data)
		if err != nil || m.Orientation != k.Orientation {
			t.Errorf("%+v: orientation %d, %v", k, m.Orientation, err)
		}
	}
	k := camera.Kind{Orientation: 8}
	data, err := camera.Stored(picture, 1, k)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := metadata.Read(data); err != nil || m.Orientation != 8 {
		t.Errorf("orientation %d, %v", m.Orientation, err)
	}
}
