//go:build unix

package acceptance

import (
	"syscall"
	"testing"

	"descry/internal/baseline"
	"descry/internal/camera"
)

// BenchmarkPhoto prints the processor time that a photo takes in Descry and in the
// baseline, one after the other photo by photo, and their ratio.
func BenchmarkPhoto(b *testing.B) {
	photos := cameraPhotos(b)
	var bytes int
	for _, s := range photos {
		bytes += len(s.data)
	}
	work := []func(shot) error{
		func(s shot) error { _, err := descry(s); return err },
		func(s shot) error { _, err := baseline.Photo(s.data, s.orientation); return err },
	}
	var spent [2]float64
	n := 0
	for b.Loop() {
		s := photos[n%len(photos)]
		n++
		for i, do := range work {
			start := cpuSeconds(b)
			if err := do(s); err != nil {
				b.Fatal(err)
			}
			spent[i] += cpuSeconds(b) - start
		}
	}
	b.ReportMetric(spent[0]/float64(n)*1e3, "descry-cpu-ms")
	b.ReportMetric(spent[1]/float64(n)*1e3, "baseline-cpu-ms")
	b.ReportMetric(spent[1]/spent[0], "ratio")
	b.ReportMetric(float64(bytes)*8/float64(len(photos)*camera.Width*camera.Height), "bits/px")
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
