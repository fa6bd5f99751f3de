package machine

import (
	"os"
	"testing"
)

// TestSupplies reads power supplies as they lie in the file system of the kernel.
func TestSupplies(t *testing.T) {
	const dir = "sys/class/power_supply/"
	tests := []struct {
		name   string
		files  map[string]string
		on     bool
		charge float64
	}{
		{"a desktop", map[string]string{"sys/class/x": ""}, false, -1},
		{"a laptop on battery", map[string]string{
			dir + "AC/type": "Mains\n", dir + "AC/online": "0\n",
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Discharging\n", dir + "BAT0/capacity": "64\n",
		}, true, .64},
		{"a laptop on mains", map[string]string{
			dir + "AC/type": "Mains\n", dir + "AC/online": "1\n",
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Charging\n", dir + "BAT0/capacity": "64\n",
		}, false, .64},
		{"charged by USB, and drawn from nevertheless", map[string]string{
			dir + "ucsi/type": "USB\n", dir + "ucsi/online": "1\n",
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Discharging\n", dir + "BAT0/capacity": "40\n",
		}, false, .4},
		{"two batteries", map[string]string{
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Full\n", dir + "BAT0/capacity": "100\n",
			dir + "BAT1/type": "Battery\n", dir + "BAT1/status": "Discharging\n", dir + "BAT1/capacity": "20\n",
		}, true, .6},
		{"a mouse", map[string]string{
			dir + "hid/type": "Battery\n", dir + "hid/scope": "Device\n", dir + "hid/status": "Discharging\n", dir + "hid/capacity": "5\n",
		}, false, -1},
	}
	for _, test := range tests {
		on, charge := supplies(os.DirFS(tree(t, test.files)))
		if on != test.on || charge != test.charge {
			t.Errorf("%s: on battery %v, charge %g", test.name, on, charge)
		}
	}
}

// TestOthers tells the load of other programs from that of this one and its children.
func TestOthers(t *testing.T) {
	own := func(user, ended string) string {
		return "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 " + user + " 0 " + ended + " 0 20 0 9 0 1 1 1\n"
	}
	at := func(cpu string, files map[string]string) times {
		files["proc/stat"] = "cpu  " + cpu + "\ncpu0 1 1 1 1\n"
		return processorTimes(os.DirFS(tree(t, files)), 7)
	}
	first := at("100 0 0 900 0 0 0 0 0 0", map[string]string{
		"proc/7/stat": own("50", "0"), "proc/7/task/7/children": "8 \n",
		"proc/8/stat": "8 (decoder) R 7 8 8 0 -1 0 0 0 0 0 40 0 0 0 20 0 1 0 1 1 1\n",
	})
	// Of 200 ticks, 150 were busy: 60 in this process, 30 in its child, which has ended since.
	second := at("250 0 0 950 0 0 0 0 0 0", map[string]string{"proc/7/stat": own("110", "70"), "proc/7/task/7/children": ""})
	if got := second.others(first); got != .3 {
		t.Errorf("others used %g of the processors", got)
	}
	if got := first.others(times{}); got != -1 {
		t.Errorf("others used %g of the processors, at the first look", got)
	}
	if got := (times{}).others(first); got != -1 {
		t.Errorf("others used %g of the processors, and nothing is known", got)
	}
	// And the real ones.
	var w Watch
	w.Look()
	burn()
	if a := w.Look(); a.Others < 0 || a.Others > 1 || a.Charge > 1 {
		t.Errorf("%+v", a)
	}
}

// burn computes until the kernel counts another tick for this process.
func burn() {
	from, ok := ticks(os.DirFS("/"), os.Getpid())
	for now := from; ok && now < from+2; now, ok = ticks(os.DirFS("/"), os.Getpid()) {
	}
}
