package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const skip = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: skipped: needs the reference data in ../shared, which is not there\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
`
	const pass = `{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- PASS: TestB (0.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`
	const fail = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`
	tests := []struct {
		name     string
		events   string
		complete bool
		ok       bool
		want     string
	}{
		{"all pass", pass, true, true, "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n"},
		{"a failure shows what it said", fail, true, false, "got 1, want 2"},
		{"a skip without the data says why", skip + pass, false, true, "skipped p TestA: needs the reference data in ../shared, which is not there\n1 passed, 0 failed, 1 skipped\n"},
		{"a skip with the data fails", skip + pass, true, false, "1 passed, 1 failed, 0 skipped"},
		{"a package that does not build fails", `{"ImportPath":"p","Action":"build-output","Output":"x.go:1: oops\n"}` + "\n" + `{"ImportPath":"p","Action":"build-fail"}` + "\n" + pass, true, false, "oops"},
		{"a run without tests fails", "", true, false, "0 passed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := report(strings.NewReader(test.events), &out, test.complete)
			if err != nil {
				t.Fatal(err)
			}
			if ok != test.ok || !strings.Contains(out.String(), test.want) {
				t.Errorf("ok %v, want %v; printed:\n%s\nwant in it:\n%s", ok, test.ok, out.String(), test.want)
			}
		})
	}
}
