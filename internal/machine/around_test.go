package machine

import (
	"testing"
	"time"
)

func TestPmset(t *testing.T) {
	for _, test := range []struct {
		text   string
		on     bool
		charge float64
	}{
		{"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4522083)\t85%; discharging; 4:32 remaining present: true\n", true, .85},
		{"Now drawing from 'AC Power'\n -InternalBattery-0 (id=4522083)\t100%; charged; 0:00 remaining present: true\n", false, 1},
		{"Now drawing from 'AC Power'\n", false, -1},
		{"%;", false, -1},
		{"", false, -1},
	} {
		if on, charge := pmset(test.text); on != test.on || charge != test.charge {
			t.Errorf("%q: %v %g", test.text, on, charge)
		}
	}
}

func TestIoreg(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"    | |   \"HIDIdleTime\" = 2500000000\n    | |   \"x\" = 1\n": 2500 * time.Millisecond,
		"\"HIDIdleTime\" = many\n":                                      -1,
		"":                                                              -1,
	} {
		if got := ioreg(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzTexts feeds what the programs of a system might say.
func FuzzTexts(f *testing.F) {
	f.Add("Now drawing from 'Battery Power'\n -InternalBattery-0\t85%; discharging")
	f.Add("\"HIDIdleTime\" = 25")
	f.Fuzz(func(t *testing.T, text string) {
		if _, charge := pmset(text); charge > 1 || charge < 0 && charge != -1 {
			t.Error(charge)
		}
		if d := ioreg(text); d < -1 {
			t.Error(d)
		}
	})
}
