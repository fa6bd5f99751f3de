package codec

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"descry/library/decode"
)

func TestWire(t *testing.T) {
	var pipe bytes.Buffer
	q := request{kind: askDecode, format: decode.AVIF, minSide: 512, maxPixels: 1 << 40, data: []byte("a picture")}
	if err := writeRequest(&pipe, q); err != nil {
		t.Fatal(err)
	}
	if got, err := readRequest(&pipe, 9); err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("request %+v, %v", got, err)
	}
	if err := writeRequest(&pipe, q); err != nil {
		t.Fatal(err)
	}
	if _, err := readRequest(&pipe, 8); !errors.Is(err, errWire) {
		t.Errorf("a longer file: %v", err)
	}
	for _, a := range []answer{
		{text: "[]", profile: []byte{}, pix: []byte{}},
		{width: 2, height: 1, profile: []byte("icc"), pix: []byte("12345678")},
	} {
		pipe.Reset()
		if err := writeAnswer(&pipe, a); err != nil {
			t.Fatal(err)
		}
		if got, err := readAnswer(&pipe, 2); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("answer %+v, %v", got, err)
		}
	}
	for kind, want := range map[byte]error{
		faultDamaged: decode.ErrDamaged, faultTruncated: decode.ErrTruncated, faultTooLarge: decode.ErrTooLarge,
		faultUnsupported: decode.ErrUnsupported, faultMissing: decode.ErrCodec,
	} {
		pipe.Reset()
		if err := writeAnswer(&pipe, answer{fault: &fault{kind, "why"}}); err != nil {
			t.Fatal(err)
		}
		got, err := readAnswer(&pipe, 0)
		if err != nil || got.fault == nil || !errors.Is(got.fault, want) || got.fault.text != "why" {
			t.Errorf("fault %d: %+v, %v", kind, got.fault, err)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	for _, a := range []answer{{text: "[]"}, {width: 2, height: 1, profile: []byte("icc"), pix: []byte("12345678")}, {fault: &fault{faultDamaged, "why"}}} {
		var pipe bytes.Buffer
		if err := writeAnswer(&pipe, a); err != nil {
			f.Fatal(err)
		}
		f.Add(pipe.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		a, err := readAnswer(r, 1000)
		if err != nil {
			return
		}
		if len(a.pix) != 4*a.width*a.height || len(a.pix) > 4000 || len(a.text) > maxText {
			t.Errorf("%d × %d px, %d bytes, text of %d", a.width, a.height, len(a.pix), len(a.text))
		}
		var back bytes.Buffer
		if err := writeAnswer(&back, a); err != nil {
			t.Fatal(err)
		}
		again, err := readAnswer(&back, 1000)
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Errorf("%+v became %+v, %v", a, again, err)
		}
	})
}

// What a child is sent never takes it down: it answers, or ends.
func FuzzServe(f *testing.F) {
	for _, q := range []request{{kind: askList}, {kind: askDecode, format: decode.JXL, data: tiny}, {kind: 9}} {
		var pipe bytes.Buffer
		if err := writeRequest(&pipe, q); err != nil {
			f.Fatal(err)
		}
		f.Add(pipe.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		echo := func(q request) answer { return answer{fault: &fault{faultDamaged, string(q.data)}} }
		err := serve(bytes.NewReader(data), io.Discard, echo)
		if err == nil {
			t.Error("it ends without a reason")
		}
	})
}
