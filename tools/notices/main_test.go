package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKind(t *testing.T) {
	for name, want := range map[string]string{
		"Apache-2.0.txt":    "Apache-2.0",
		"Go.txt":            "BSD-3-Clause",
		"ONNX-Runtime.txt":  "MIT",
		"SQLite.txt":        "Public domain",
		"libjpeg-turbo.txt": "IJG and BSD-3-Clause",
	} {
		body, err := texts.ReadFile("texts/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := newText(name, string(body)).Kind; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for body, want := range map[string]string{
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                             unknown,
		"All rights reserved.":                                              unknown,
		"Permission to use, copy, modify, and/or distribute\nthis software": "ISC",
	} {
		if got := newText("LICENSE", body).Kind; got != want {
			t.Errorf("%q is %q, want %q", body, got, want)
		}
	}
}

func TestLicencesOfAModule(t *testing.T) {
	dir := t.TempDir()
	mit := "Permission is hereby granted, free of charge, to any person\r\n"
	for name, body := range map[string]string{
		"LICENSE":                mit,
		"fonts/LICENSE_Font.txt": "SIL OPEN FONT LICENSE Version 1.1\n",
		"copy/COPYING":           strings.ReplaceAll(mit, "\r", ""),
		"testdata/license.txt":   "someone's photo, not shipped\n",
		"license.go":             "package x\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	texts, err := licences(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := part{Name: "m", Version: "v1", Use: "linked", Texts: texts}
	if got := strings.Join(p.kinds(), ", "); got != "MIT, OFL-1.1" {
		t.Errorf("kinds: %s", got)
	}
	if err := p.allowed(); err != nil {
		t.Error(err)
	}
	var out bytes.Buffer
	write(&out, []part{p, {Name: "n", Use: "linked", Texts: texts[:1]}})
	if n := strings.Count(out.String(), "Permission is hereby granted"); n != 1 {
		t.Errorf("a text that covers two parts is there %d times", n)
	}
	if !strings.Contains(out.String(), "m\nn\n\nPermission") {
		t.Errorf("the text does not say what it covers:\n%s", out.String())
	}
}

func TestForbidden(t *testing.T) {
	for _, p := range []part{
		{Name: "none"},
		{Name: "copyleft", Texts: []text{newText("COPYING", "GNU GENERAL PUBLIC LICENSE")}},
		{Name: "mixed", Texts: []text{newText("LICENSE", "Permission is hereby granted, free of charge"), newText("x/LICENSE", "Ask first.")}},
	} {
		if p.allowed() == nil {
			t.Errorf("%s was allowed", p.Name)
		}
	}
}
