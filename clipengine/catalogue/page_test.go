package catalogue_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"descry/clipengine/catalogue"
)

var update = flag.Bool("update", false, "write the table in docs/models.md")

const (
	begin = "<!-- made from assets/models.toml: go test ./clipengine/catalogue -run Page -update -->\n"
	end   = "<!-- end of what is made -->\n"
)

// TestPageIsUpToDate compares the tables in docs/models.md with the catalogue.
func TestPageIsUpToDate(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "models.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks between which the tables stand", file)
	}
	page := before + begin + tables(read(t)) + end + after
	if page == string(data) {
		return
	}
	if !*update {
		t.Fatalf("%s does not show the catalogue as it is; run go test ./clipengine/catalogue -run Page -update", file)
	}
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tables writes one table for each family of models.
func tables(c *catalogue.Catalogue) string {
	var w strings.Builder
	family := ""
	for _, m := range c.Models {
		if m.Family != family {
			family = m.Family
			restricted := ""
			if m.Restricted {
				restricted = "**Restricted.** "
			}
			fmt.Fprintf(&w, "\n### %s\n\nLicence: %s. %s%s\n\n", family, m.Licence, restricted, m.LicenceNote)
			fmt.Fprint(&w, "| model | languages | size | memory | GFLOPs | ImageNet | COCO t→i / i→t | en / de / ar | from |\n|---|---|--:|--:|--:|--:|--:|--:|---|\n")
		}
		p := catalogue.FP32
		if m.Has(catalogue.INT8) {
			p = catalogue.INT8
		}
		bytes, exact := m.Download(p)
		size := fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
		if !exact {
			size = "≈ " + size
		}
		if p != catalogue.FP32 {
			size += " " + string(p)
		}
		const gb = (1 << 20) / 1e9
		memory := fmt.Sprintf("%.*f GB", map[bool]int{true: 2, false: 1}[m.MemoryMiB(p) < 95], float64(m.MemoryMiB(p))*gb)
		if m.MeasuredMiB > 0 {
			memory += fmt.Sprintf(" (%.1f)", float64(m.MeasuredMiB)*gb)
		}
		fmt.Fprintf(&w, "| `%s`<br>%s | %s | %s | %s | %s | %s | %s / %s | %s / %s / %s | %s |\n",
			m.ID, m.Name, strings.Join(m.Languages, " "), size, memory, number(m.GFLOPs), number(m.Scores.ImageNet),
			number(m.Scores.TextToImage), number(m.Scores.ImageToText), number(m.Scores.English), number(m.Scores.German), number(m.Scores.Arabic), from(m))
	}
	fmt.Fprintln(&w)
	return w.String()
}

func number(x float64) string {
	if x == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", x)
}

// from says where a model comes from, and what more is to be known of it.
func from(m catalogue.Model) string {
	var parts []string
	switch {
	case m.Published():
		parts = append(parts, fmt.Sprintf("`%s` (%s)", m.Repo, m.Layout))
	case m.Export != nil:
		parts = append(parts, fmt.Sprintf("not published in a layout Descry reads; make it with tools/export: %s `%s`", m.Export.Library, strings.TrimSpace(m.Export.Name+" "+m.Export.Pretrained)))
	}
	if m.Unverified {
		parts = append(parts, "**not verified**")
	}
	if m.ImageTower != "" {
		parts = append(parts, "image tower of `"+m.ImageTower+"`")
	}
	if m.Note != "" {
		parts = append(parts, strings.TrimSuffix(m.Note, "."))
	}
	return strings.Join(parts, "; ")
}
