package heatmap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/library"
)

func key(n byte, direction ...float32) Key {
	return Key{Picture: library.Picture{Content: library.Content{Scheme: "jpeg", Digest: [32]byte{n}}, Orientation: 1}, Space: "space", Direction: direction}
}

func sample() Map {
	return Map{Side: 3, Heat: []float32{0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4}}
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache", "heat")
	c := OpenCache(dir)
	if _, ok := c.Get(key(1, 1, 2)); ok {
		t.Error("an empty cache has a map")
	}
	if err := c.Forget(key(1).Picture); err != nil {
		t.Error(err)
	}
	m := sample()
	for _, k := range []Key{key(1, 1, 2), key(1, 1, 3), key(2, 1, 2)} {
		if err := c.Put(k, m); err != nil {
			t.Fatal(err)
		}
	}
	got, ok := c.Get(key(1, 1, 2))
	if !ok || got.Side != 3 {
		t.Fatalf("%v, %v", got, ok)
	}
	for i := range m.Heat {
		if d := got.Heat[i] - m.Heat[i]; d > 0.01 || d < -0.01 {
			t.Errorf("cell %d is %v, was %v", i, got.Heat[i], m.Heat[i])
		}
	}
	other := key(1, 1, 2)
	other.View = 1
	another := key(1, 1, 2)
	another.Space = "other"
	for _, k := range []Key{other, another, key(3, 1, 2), key(1, 1)} {
		if _, ok := c.Get(k); ok {
			t.Errorf("%+v has the map of another", k)
		}
	}
	if err := c.Forget(key(1).Picture); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Get(key(1, 1, 3)); ok {
		t.Error("a forgotten picture has a map still")
	}
	if _, ok := c.Get(key(2, 1, 2)); !ok {
		t.Error("the map of another picture is gone, too")
	}
}

func TestCacheStaysSmall(t *testing.T) {
	dir := t.TempDir()
	c := &Cache{dir: dir, most: 20}
	for n := range byte(60) {
		if err := c.Put(key(n, 1), sample()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 20 || len(entries) < 10 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temporary) {
			t.Errorf("%s was left", e.Name())
		}
	}
}

// Whatever is done to a file, it is a map or none.
func TestDamagedMaps(t *testing.T) {
	c := OpenCache(t.TempDir())
	k := key(1, 1)
	if err := c.Put(k, sample()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.path(k))
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		hurt := slices.Clone(data)
		hurt[i] ^= 0x10
		if err := os.WriteFile(c.path(k), hurt, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Get(k); ok {
			t.Errorf("with byte %d changed it is read", i)
		}
		if err := os.WriteFile(c.path(k), data[:i], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Get(k); ok {
			t.Errorf("with %d bytes it is read", i)
		}
	}
}

func FuzzDecodeMap(f *testing.F) {
	f.Add(encodeMap(sample()))
	f.Add(encodeMap(Map{Side: 1, Heat: []float32{0}}))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeMap(data)
		if err != nil {
			return
		}
		if len(m.Heat) != m.Side*m.Side || m.Side < 1 {
			t.Fatalf("%d numbers for a side of %d", len(m.Heat), m.Side)
		}
		if p := m.PlaceIn(Area{X1: 1, Y1: 1}); p == Nowhere && m.most() > 0 {
			t.Fatal("heat is nowhere")
		}
	})
}
