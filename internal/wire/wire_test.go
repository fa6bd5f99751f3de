package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

var errTest = errors.New("the file is broken")

// walk returns the fields of the message that all of data is.
func walk(data []byte) ([]Field, error) {
	var fields []Field
	err := NewReader(bytes.NewReader(data), errTest).Each(0, int64(len(data)), func(f Field) error {
		fields = append(fields, f)
		return nil
	})
	return fields, err
}

func TestFieldsAreFound(t *testing.T) {
	far := make([]byte, 300<<10) // longer than what is read at once
	data := slices.Concat(
		[]byte{1<<3 | Number, 0x96, 0x01},
		[]byte{2<<3 | Fixed32, 1, 2, 3, 4},
		binary.AppendUvarint([]byte{3<<3 | Bytes}, uint64(len(far))), far,
		[]byte{4<<3 | Fixed64, 1, 2, 3, 4, 5, 6, 7, 8},
		binary.AppendUvarint(nil, 1000<<3|Bytes), []byte{0},
	)
	at := int64(len(data)) - 12
	want := []Field{
		{1, Number, 150, 1, 3},
		{2, Fixed32, 0, 4, 8},
		{3, Bytes, 0, 12, 12 + int64(len(far))},
		{4, Fixed64, 0, at + 1, at + 9},
		{1000, Bytes, 0, at + 12, at + 12},
	}
	if got, err := walk(data); err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestBrokenMessagesAreRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"a key that does not end":      {0x80},
		"a number that does not end":   {1<<3 | Number, 0xff},
		"a number that is too long":    slices.Concat([]byte{1<<3 | Number}, bytes.Repeat([]byte{0x80}, 10), []byte{1}),
		"a short number of four bytes": {1<<3 | Fixed32, 1, 2, 3},
		"a short number of eight":      {1<<3 | Fixed64, 1, 2, 3, 4, 5, 6, 7},
		"bytes that are not there":     {1<<3 | Bytes, 3, 1, 2},
		"more bytes than can be":       slices.Concat([]byte{1<<3 | Bytes}, bytes.Repeat([]byte{0xff}, 9), []byte{1}),
		"a group":                      {1<<3 | 3},
		"a kind that does not exist":   {1<<3 | 7},
	} {
		if got, err := walk(data); !errors.Is(err, errTest) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// A message inside another may not be longer than that, whatever follows.
	data := []byte{1<<3 | Bytes, 2, 2<<3 | Bytes, 2, 0, 0}
	r := NewReader(bytes.NewReader(data), errTest)
	err := r.Each(0, 4, func(f Field) error { return r.Each(f.Off, f.End, func(Field) error { return nil }) })
	if !errors.Is(err, errTest) {
		t.Errorf("a part that is longer than the whole: %v", err)
	}
	// The file may be shorter than it was when it was opened.
	if err := NewReader(strings.NewReader(""), errTest).Each(0, 10, func(Field) error { return nil }); !errors.Is(err, errTest) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestTheWalkEndsWhereItIsTold(t *testing.T) {
	stop := errors.New("enough")
	seen := 0
	data := bytes.Repeat([]byte{1<<3 | Number, 7}, 5)
	err := NewReader(bytes.NewReader(data), errTest).Each(0, int64(len(data)), func(Field) error {
		if seen++; seen == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 2 {
		t.Errorf("%d fields were walked over, %v", seen, err)
	}
}

// FuzzEach walks over anything, and into whatever could be a message: fields lie one behind the
// other within what holds them, and what is refused is said to be broken.
func FuzzEach(f *testing.F) {
	f.Add([]byte{1<<3 | Number, 0x96, 0x01, 2<<3 | Bytes, 2, 1<<3 | Number, 3})
	f.Add([]byte{1<<3 | Fixed32, 1, 2, 3, 4, 1<<3 | Fixed64, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{1<<3 | Bytes, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data), errTest)
		var within func(off, end int64, depth int) error
		within = func(off, end int64, depth int) error {
			last := off
			return r.Each(off, end, func(x Field) error {
				if x.Off <= last || x.End < x.Off || x.End > end {
					t.Fatalf("%+v lies in [%d, %d) behind %d", x, off, end, last)
				}
				last = x.End
				if x.Kind == Bytes && depth < 8 {
					if err := within(x.Off, x.End, depth+1); err != nil && !errors.Is(err, errTest) {
						t.Fatal(err)
					}
				}
				return nil
			})
		}
		if err := within(0, int64(len(data)), 0); err != nil && !errors.Is(err, errTest) {
			t.Fatal(err)
		}
	})
}
