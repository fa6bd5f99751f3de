package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Mode says which variant of the theme is shown.
type Mode string

// The modes that the setting "ui.theme" may hold; the zero value follows the system.
const (
	FollowSystem Mode = ""
	AlwaysLight  Mode = "light"
	AlwaysDark   Mode = "dark"
)

// SizeSmallText is the size of text of second rank, SizeBigText that of empty states.
const (
	SizeSmallText = theme.SizeNameCaptionText
	SizeBigText   = theme.SizeNameHeadingText
)

// Theme is the window's own theme.
type Theme struct {
	mode        Mode
	light, dark Palette
	base        fyne.Theme
}

// NewTheme returns the theme in the given mode.
func NewTheme(m Mode) *Theme {
	return &Theme{mode: m, light: Light(), dark: Dark(), base: theme.DefaultTheme()}
}

// Color returns the colour of that name, in the variant that the mode asks for.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	p := t.light
	if t.mode == AlwaysDark || t.mode == FollowSystem && variant == theme.VariantDark {
		p = t.dark
	}
	if c, ok := p[name]; ok {
		return c
	}
	return t.base.Color(name, variant)
}

// Font returns the toolkit's own font.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource { return t.base.Font(s) }

// Icon returns the toolkit's own icon.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return t.base.Icon(n) }

// Size returns the measure of that name, in the toolkit's units (pixels at scale 1).
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 13
	case theme.SizeNameCaptionText:
		return 12
	case theme.SizeNameSubHeadingText:
		return 15
	case theme.SizeNameHeadingText:
		return 20
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 8
	case theme.SizeNameInlineIcon:
		return 18
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius, theme.SizeNameButtonRadius,
		theme.SizeNameMenuRadius, theme.SizeNamePopupRadius:
		return 6
	case theme.SizeNameDialogRadius, theme.SizeNameCardRadius:
		return 8
	case theme.SizeNameModalBlurRadius:
		return 0
	}
	return t.base.Size(name)
}
