package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// Tracked shows a slider with a track that stands out from a surface: the toolkit draws it
// in the colour of input fields, which here is the surface itself.
func Tracked(slider fyne.CanvasObject) fyne.CanvasObject {
	return container.NewThemeOverride(slider, trackTheme{})
}

type trackTheme struct{}

func (trackTheme) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if n == theme.ColorNameInputBackground {
		n = ColourControl
	}
	return fyne.CurrentApp().Settings().Theme().Color(n, v)
}

func (trackTheme) Font(s fyne.TextStyle) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Font(s)
}

func (trackTheme) Icon(n fyne.ThemeIconName) fyne.Resource {
	return fyne.CurrentApp().Settings().Theme().Icon(n)
}

func (trackTheme) Size(n fyne.ThemeSizeName) float32 {
	return fyne.CurrentApp().Settings().Theme().Size(n)
}
