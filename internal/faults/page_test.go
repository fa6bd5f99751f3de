//go:build linux

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"descry/internal/testdata"
)

// page collects what the tests found, for docs/reliability.md.
type page struct {
	rows []row
}

type row struct {
	table, key string
	cells      []string
	lacking    string // why nothing is known
}

func (p *page) row(table, key string, cells ...string) {
	p.rows = append(p.rows, row{table: table, key: key, cells: cells})
}

// skipped notes that a row could not be had, and skips the test.
func (p *page) skipped(t *testing.T, table, key, why string) {
	t.Helper()
	p.rows = append(p.rows, row{table: table, key: key, lacking: why})
	t.Skip("skipped: " + why)
}

var tables = []struct{ name, title, header string }{
	{"stages", "Interrupted", "while | stopped | killed | power cut | result"},
	{"others", "Other faults", "fault | while | times | what must be so | result"},
}

// compare compares the page with docs/reliability.md, or writes it. Of rows about which
// nothing is known, what the page says stays.
func (p *page) compare(t *testing.T) {
	t.Helper()
	if f := flagValue("test.run"); f != "" && strings.Contains(f, "/") || *times != 1 {
		return // only a part was run
	}
	path := filepath.Join(testdata.Repo(t), "docs", "reliability.md")
	old, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	lines := strings.Split(string(old), "\n")
	var want strings.Builder
	want.WriteString(intro)
	for _, table := range tables {
		if !slices.ContainsFunc(p.rows, func(r row) bool { return r.table == table.name }) {
			continue
		}
		fmt.Fprintf(&want, "\n## %s\n\n%s\n| %s |\n|%s\n", table.title, about[table.name], table.header,
			strings.Repeat("---|", strings.Count(table.header, "|")+1))
		for _, r := range p.rows {
			if r.table != table.name {
				continue
			}
			line := "| " + r.key + " | " + strings.Join(r.cells, " | ") + " |"
			if r.lacking != "" {
				i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "| "+r.key+" | ") })
				if i < 0 {
					t.Errorf("nothing is known of %q: %s", r.key, r.lacking)
					continue
				}
				line = lines[i]
			}
			want.WriteString(line + "\n")
		}
	}
	want.WriteString("\n" + limits)
	testdata.ComparePage(t, "reliability.md", want.String(), *update)
}
