package chart

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"golang.org/x/image/draw"
)

// Sheet shows the first pictures that each of several series has for some queries.
type Sheet struct {
	Title   string
	Queries []SheetQuery
}

// SheetQuery is one query.
type SheetQuery struct {
	Text string
	Note string // "7 of the first 10 are the same"
	Rows []SheetRow
}

// SheetRow is what one series has for a query.
type SheetRow struct {
	Series   int // number of the series, for its shape and colour
	Name     string
	Pictures []SheetPicture
}

// SheetPicture is a small picture.
type SheetPicture struct {
	Name  string
	Image image.Image // nil: there is none
	Only  bool        // no other series has it for the query
}

// Layout of a sheet, in pixels.
const (
	thumb     = 150
	thumbStep = thumb + 12
	mostThumb = 12 // in a row of the picture; the page has all
)

// Draw draws the sheet: for each query a row of pictures for each series, those that only one
// of them has in a frame with the word.
func (s Sheet) Draw() (*image.RGBA, error) {
	columns, rows := 1, 0
	for _, q := range s.Queries {
		rows += len(q.Rows)
		for _, r := range q.Rows {
			columns = max(columns, min(len(r.Pictures), mostThumb))
		}
	}
	width := max(2*margin+columns*thumbStep, 900)
	v, err := newCanvas(width, 2*margin+30+len(s.Queries)*(heading+gap+8)+rows*(lineHeight+thumb+26))
	if err != nil {
		return nil, err
	}
	y := margin + 22
	v.text(bold, margin, y, ink, v.fit(bold, s.Title, width-2*margin))
	for _, q := range s.Queries {
		y += heading + gap
		title := v.fit(plain, "“"+q.Text+"”", width/2)
		v.text(plain, margin, y, ink, title)
		v.text(small, margin+v.width(plain, title)+18, y, faint, v.fit(small, q.Note, width/2-margin-40))
		y += 8
		for _, r := range q.Rows {
			v.mark(r.Series, margin+14, y+lineHeight/2)
			v.text(small, margin+36, y+25, ink, v.fit(small, r.Name, width-2*margin-36))
			y += lineHeight
			for i, p := range r.Pictures[:min(len(r.Pictures), mostThumb)] {
				v.picture(p, margin+i*thumbStep, y, colourOf(r.Series))
			}
			y += thumb + 26
		}
	}
	return v.img, nil
}

// picture draws a small picture with its frame.
func (v *canvas) picture(p SheetPicture, x, y int, col color.RGBA) {
	box := image.Rect(x, y, x+thumb, y+thumb)
	if p.Only {
		v.rect(x-4, y-4, x+thumb+4, y+thumb+22, col)
		v.text(small, x+4, y+thumb+17, paper, "only here")
	}
	v.rect(box.Min.X, box.Min.Y, box.Max.X, box.Max.Y, line)
	if p.Image == nil {
		v.text(small, x+8, y+thumb/2, faint, v.fit(small, p.Name, thumb-16))
		return
	}
	draw.CatmullRom.Scale(v.img, fitted(p.Image.Bounds(), box), p.Image, p.Image.Bounds(), draw.Over, nil)
}

// fitted is the largest rectangle of the shape of a picture in the middle of a box.
func fitted(of, box image.Rectangle) image.Rectangle {
	w, h := box.Dx(), box.Dy()
	if of.Dx()*h > of.Dy()*w {
		h = max(1, of.Dy()*w/max(1, of.Dx()))
	} else {
		w = max(1, of.Dx()*h/max(1, of.Dy()))
	}
	x, y := box.Min.X+(box.Dx()-w)/2, box.Min.Y+(box.Dy()-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// page is the sheet as a page that needs nothing else: pictures are in it.
var page = template.Must(template.New("page").Funcs(template.FuncMap{"jpeg": dataURL, "colour": htmlColour, "shape": shapeOf}).Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; color: #1c232b; background: #fff; margin: 2rem; }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin: 2rem 0 .2rem } h3 { font-size: 1rem; font-weight: 500; margin: .6rem 0 .3rem }
p { color: #5c6773; margin: 0 }
ol { list-style: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 10px }
figure { margin: 0; width: 160px } figcaption { font-size: .75rem; overflow-wrap: anywhere }
img { width: 160px; height: 160px; object-fit: contain; background: #eceff2; display: block; border: 3px solid transparent }
.only img { border-color: currentColor } .only b { display: block }
@media (prefers-color-scheme: dark) { body { background: #16191d; color: #e6e9ec } p { color: #a3adb8 } img { background: #262b31 } }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{range .Queries}}<section>
<h2>“{{.Text}}”</h2>
<p>{{.Note}}</p>
{{range .Rows}}{{$series := .Series}}<h3><span aria-hidden="true" style="color: {{colour $series}}">{{shape $series}}</span> {{.Name}}</h3>
<ol>{{range .Pictures}}
<li><figure{{if .Only}} class="only"{{end}}><div style="color: {{colour $series}}">{{with .Image}}<img src="{{jpeg .}}" alt="">{{end}}</div><figcaption>{{if .Only}}<b>only here</b>{{end}}{{.Name}}</figcaption></figure></li>{{end}}
</ol>
{{end}}</section>
{{end}}</body>
</html>
`))

// HTML writes the sheet as a page of its own.
func (s Sheet) HTML(w io.Writer) error {
	if err := page.Execute(w, s); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// dataURL is a small picture as an address that holds it.
func dataURL(img image.Image) (template.URL, error) {
	const side = 320
	to := fitted(img.Bounds(), image.Rect(0, 0, side, side))
	shrunk := image.NewRGBA(image.Rect(0, 0, to.Dx(), to.Dy()))
	draw.CatmullRom.Scale(shrunk, shrunk.Rect, img, img.Bounds(), draw.Src, nil)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, shrunk, &jpeg.Options{Quality: 80}); err != nil {
		return "", err
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Bytes())), nil
}

func htmlColour(s int) template.CSS {
	c := colourOf(s)
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
}

// shapeOf is the shape of a series as a character.
func shapeOf(s int) string { return string([]rune("●■▲◆▼✚")[s%len(series)]) }
