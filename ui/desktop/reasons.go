package desktop

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"descry/ui/app"
)

// setWhy lists why the photo was found.
func (d *detailPane) setWhy(why []app.Reason, calibrated bool) {
	d.why.Objects = nil
	for _, r := range why {
		text := reasonText(r)
		label := d.tips.NewLabel(text)
		label.Tip = text
		if r.Confidence > 0 && calibrated && r.Kind != "filter" && r.Kind != "exact" {
			d.why.Add(container.NewBorder(nil, nil, container.NewCenter(d.tips.NewBars(r.Confidence, confidenceText(r.Confidence))), nil,
				container.New(layout.NewCustomPaddedLayout(0, 0, 6, 0), label)))
			continue
		}
		d.why.Add(label)
	}
	if slices.ContainsFunc(why, func(r app.Reason) bool { return r.Kind == "looks like" }) {
		d.why.Add(container.NewHBox(d.where))
	}
}

// reasonText says a reason in words.
func reasonText(r app.Reason) string {
	data := with{"Text": quoted(r.Text), "Where": placesText(r.Where)}
	if r.Picture {
		data["Text"] = r.Text // names the picture
	}
	switch r.Kind {
	case "looks like":
		if r.Weight > 0 && r.Weight < 1 {
			data["Weight"] = fmt.Sprintf("%.2g", r.Weight)
			return tr("looks like {{.Text}}, which counts {{.Weight}}", data)
		}
		return tr("looks like {{.Text}}", data)
	case "words":
		if r.Where == "" {
			return tr("has the words {{.Text}}", data)
		}
		return tr("has {{.Text}} in {{.Where}}", data)
	case "tag":
		return tr("is tagged {{.Text}}", data)
	case "exact":
		return tr("has exactly {{.Text}}", data)
	case "filter":
		return tr("fits {{.Text}}", data)
	case "without":
		if r.Weight < 0 {
			return tr("does not look like {{.Text}}", data)
		}
		return tr("is without {{.Text}}", data)
	case "marked":
		return tr("is what you mean, you said")
	}
	return strings.TrimSpace(r.Kind + " " + r.Text)
}

// placesText names what words stand in, as search names it.
func placesText(where string) string {
	names := map[string]string{
		"file name": tr("its file name"), "folder": tr("its folder"), "keywords": tr("its keywords"), "description": tr("its description"),
		"tags": tr("its tags"), "alt text": tr("its alt text"), "text in the picture": tr("the text in the picture"),
	}
	parts := strings.Split(where, ", ")
	for i, p := range parts {
		if name, ok := names[p]; ok {
			parts[i] = name
		}
	}
	return strings.Join(parts, ", ")
}
