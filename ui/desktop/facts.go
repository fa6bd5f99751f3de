package desktop

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"descry/library"
	"descry/ui/app"
)

// fact is a line of the details: a name, a value, and what the tooltip says beyond it.
type fact struct{ name, value, tip string }

// detailFacts lists what is known of the file and the camera.
func detailFacts(x app.Detail) []fact {
	var out []fact
	add := func(name, value, tip string) {
		if value != "" {
			out = append(out, fact{name, value, tip})
		}
	}
	m := x.Metadata
	if !x.Taken.IsZero() {
		zone := ""
		if x.HasZone {
			zone = x.Taken.Format("2 January 2006, 15:04:05 -07:00")
		}
		add(tr("Taken"), dateText(x.Taken), zone)
	}
	for i, f := range x.Files {
		name := tr("File")
		if i > 0 {
			name = tr("Also at")
		}
		value := f.Path
		switch f.State {
		case library.Missing:
			value += " · " + tr("missing")
		case library.Offline:
			value += " · " + tr("not connected")
		}
		add(name, shortPath(value), value)
	}
	if len(x.Files) > 0 {
		add(tr("Size"), strings.Join(nonEmpty(pixelText(x), bytesText(x.Files[0].Size)), " · "), "")
	} else {
		add(tr("Size"), pixelText(x), "")
	}
	add(tr("Format"), formatText(m.Format), "")
	if x.Measures.Warning != "" {
		add(tr("Damage"), tr("Only part of the picture can be read"), x.Measures.Warning)
	}
	if m.Motion {
		add(tr("Motion"), tr("The photo holds a short film, too"), tr("Press P to play it with the system's program"))
	}
	if m.Duration > 0 {
		add(tr("Duration"), durationText(m.Duration), "")
	}
	camera := m.Model
	if m.Make != "" && !strings.HasPrefix(strings.ToLower(m.Model), strings.ToLower(strings.Fields(m.Make)[0])) {
		camera = strings.TrimSpace(m.Make + " " + m.Model)
	}
	add(tr("Camera"), camera, "")
	add(tr("Lens"), m.Lens, "")
	add(tr("Exposure"), exposureText(m), "")
	if m.GPS != nil {
		place := fmt.Sprintf("%.5f, %.5f", m.GPS.Lat, m.GPS.Lon)
		add(tr("Place"), place, tr("Degrees north and east"))
	}
	add(tr("Title"), m.Title, "")
	add(tr("Text"), m.Description, "")
	add(tr("Keywords"), strings.Join(m.Keywords, ", "), "")
	add(tr("By"), m.Creator, "")
	add(tr("Rights"), m.Copyright, "")
	return out
}

func nonEmpty(parts ...string) []string {
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

func pixelText(x app.Detail) string {
	w, h := x.Measures.Width, x.Measures.Height
	if w == 0 {
		w, h = x.Metadata.Width, x.Metadata.Height
	}
	if w == 0 {
		return ""
	}
	return fmt.Sprintf("%d × %d", w, h)
}

func exposureText(m library.Metadata) string {
	var parts []string
	switch {
	case m.Exposure > 0 && m.Exposure < 0.4:
		parts = append(parts, fmt.Sprintf("1/%.0f s", 1/m.Exposure))
	case m.Exposure > 0:
		parts = append(parts, fmt.Sprintf("%.3g s", m.Exposure))
	}
	if m.FNumber > 0 {
		parts = append(parts, fmt.Sprintf("f/%.3g", m.FNumber))
	}
	if m.ISO > 0 {
		parts = append(parts, fmt.Sprintf("ISO %d", m.ISO))
	}
	if m.Focal > 0 {
		parts = append(parts, fmt.Sprintf("%.3g mm", m.Focal))
	}
	return strings.Join(parts, " · ")
}

// shortPath keeps the end of a path, where the name is.
func shortPath(p string) string {
	dir, name := filepath.Split(p)
	parts := strings.Split(strings.Trim(filepath.ToSlash(dir), "/"), "/")
	if len(parts) > 2 {
		return "… / " + strings.Join(parts[len(parts)-1:], " / ") + " / " + name
	}
	return p
}

// shared is what several photos have in common.
type shared struct {
	count     int
	note      string // "" or how many of them were looked at
	favourite bool   // all are
	rating    int    // of all, 0 where they differ
	tags      []library.Tag
	facts     []fact
}

// sharedOf finds what photos have in common; count is how many are chosen, of which details
// are given.
func sharedOf(details []app.Detail, count int) shared {
	s := shared{count: count}
	if len(details) == 0 {
		return s
	}
	if len(details) < count {
		s.note = tr("What the first {{.N}} have in common", with{"N": number(len(details))})
	}
	first := details[0]
	s.favourite, s.rating = true, first.Rating
	from, to := first.Taken, first.Taken
	same := func(get func(app.Detail) string) string {
		v := get(first)
		for _, d := range details[1:] {
			if get(d) != v {
				return ""
			}
		}
		return v
	}
	for _, d := range details {
		s.favourite = s.favourite && d.Favourite
		if d.Rating != s.rating {
			s.rating = 0
		}
		if !d.Taken.IsZero() {
			if from.IsZero() || d.Taken.Before(from) {
				from = d.Taken
			}
			if d.Taken.After(to) {
				to = d.Taken
			}
		}
	}
	s.tags = sharedTags(details)
	if !from.IsZero() {
		day := "2 January 2006"
		span := from.Format(day)
		if to.Format(day) != span {
			span += " – " + to.Format(day)
		}
		s.facts = append(s.facts, fact{name: tr("Taken"), value: span})
	}
	for _, f := range []struct {
		name string
		get  func(app.Detail) string
	}{
		{tr("Folder"), func(d app.Detail) string { return filepath.Dir(d.Path) }},
		{tr("Camera"), func(d app.Detail) string { return strings.TrimSpace(d.Metadata.Make + " " + d.Metadata.Model) }},
		{tr("Lens"), func(d app.Detail) string { return d.Metadata.Lens }},
	} {
		if v := same(f.get); v != "" && v != "." {
			s.facts = append(s.facts, fact{name: f.name, value: v, tip: v})
		}
	}
	return s
}

// sharedTags lists the tags that every photo has; confirmed only where all are, and with
// the least confidence among them.
func sharedTags(details []app.Detail) []library.Tag {
	out := slices.DeleteFunc(slices.Clone(details[0].Tags), func(t library.Tag) bool { return t.State == library.Rejected })
	for _, d := range details[1:] {
		out = slices.DeleteFunc(out, func(t library.Tag) bool {
			return !slices.ContainsFunc(d.Tags, func(o library.Tag) bool { return o.Label == t.Label && o.State != library.Rejected })
		})
		for i := range out {
			for _, o := range d.Tags {
				if o.Label == out[i].Label {
					out[i].Confidence = min(out[i].Confidence, o.Confidence)
					if o.State == library.Suggested {
						out[i].State = library.Suggested
					}
				}
			}
		}
	}
	return out
}
