// Package look is the appearance of the window: its colours, measures and icons, and the
// small widgets that every pane is made of.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours that the toolkit has no name for.
const (
	ColourSurface   fyne.ThemeColorName = "descry.surface"   // panes and cards
	ColourLine      fyne.ThemeColorName = "descry.line"      // thin lines between panes
	ColourSecondary fyne.ThemeColorName = "descry.secondary" // text of second rank
	ColourControl   fyne.ThemeColorName = "descry.control"   // outlines of fields and controls
	ColourMark      fyne.ThemeColorName = "descry.mark"      // background of what is chosen
	ColourDark      fyne.ThemeColorName = "descry.dark"      // surround of a photo, in both themes
	ColourOnDark    fyne.ThemeColorName = "descry.ondark"    // text on that
	ColourOnDark2   fyne.ThemeColorName = "descry.ondark2"   // secondary text on that
	ColourToast     fyne.ThemeColorName = "descry.toast"     // background of a passing message
	ColourOnToast   fyne.ThemeColorName = "descry.ontoast"   // text on that
	ColourToastLink fyne.ThemeColorName = "descry.toastlink" // the one action of it
)

// Palette is the colours of one variant of the theme.
type Palette map[fyne.ThemeColorName]color.NRGBA

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

func veil(v uint32, alpha uint8) color.NRGBA {
	c := rgb(v)
	c.A = alpha
	return c
}

// Light is the palette for daylight, Dark the one for the night.
func Light() Palette {
	return build(tones{
		window: 0xF5F6F7, surface: 0xFFFFFF, line: 0xDFE2E5, text: 0x1C1F22, secondary: 0x5B6269,
		accent: 0x0B7A75, onAccent: 0xFFFFFF, control: 0x80878E, disabled: 0x8B9299, mark: 0xDCEDEC,
		shade: 0x000000, error: 0xB3261E, warning: 0x8A5A00, success: 0x1E7A34,
		toast: 0x2B2F33, onToast: 0xF5F6F7, toastLink: 0x6FD6D0,
	})
}

// Dark is described at Light.
func Dark() Palette {
	return build(tones{
		window: 0x17191B, surface: 0x202326, line: 0x33383D, text: 0xECEEF0, secondary: 0xA3ABB3,
		accent: 0x4CC2BC, onAccent: 0x0B1F1E, control: 0x7B838B, disabled: 0x737B83, mark: 0x1F3F3E,
		shade: 0xFFFFFF, error: 0xFF8A80, warning: 0xF2C063, success: 0x7FCF92,
		toast: 0xECEEF0, onToast: 0x1C1F22, toastLink: 0x0B6A66,
	})
}

// tones are the colours that a variant is built from, 0xRRGGBB.
type tones struct {
	window, surface, line, text, secondary, accent, onAccent, control, disabled, mark uint32
	shade, error, warning, success, toast, onToast, toastLink                         uint32
}

func build(t tones) Palette {
	return Palette{
		ColourSurface:   rgb(t.surface),
		ColourLine:      rgb(t.line),
		ColourSecondary: rgb(t.secondary),
		ColourControl:   rgb(t.control),
		ColourMark:      rgb(t.mark),
		ColourDark:      rgb(0x101214),
		ColourOnDark:    rgb(0xECEEF0),
		ColourOnDark2:   rgb(0xA3ABB3),
		ColourToast:     rgb(t.toast),
		ColourOnToast:   rgb(t.onToast),
		ColourToastLink: rgb(t.toastLink),

		theme.ColorNameBackground:          rgb(t.window),
		theme.ColorNameButton:              rgb(t.window),
		theme.ColorNameDisabledButton:      rgb(t.window),
		theme.ColorNameDisabled:            rgb(t.disabled),
		theme.ColorNameError:               rgb(t.error),
		theme.ColorNameFocus:               veil(t.accent, 0x48),
		theme.ColorNameForeground:          rgb(t.text),
		theme.ColorNameForegroundOnError:   rgb(t.surface),
		theme.ColorNameForegroundOnPrimary: rgb(t.onAccent),
		theme.ColorNameForegroundOnSuccess: rgb(t.surface),
		theme.ColorNameForegroundOnWarning: rgb(t.surface),
		theme.ColorNameHeaderBackground:    rgb(t.surface),
		theme.ColorNameHover:               veil(t.shade, 0x12),
		theme.ColorNameHyperlink:           rgb(t.accent),
		theme.ColorNameInputBackground:     rgb(t.surface),
		theme.ColorNameInputBorder:         rgb(t.control),
		theme.ColorNameMenuBackground:      rgb(t.surface),
		theme.ColorNameOverlayBackground:   rgb(t.surface),
		theme.ColorNamePlaceHolder:         rgb(t.secondary),
		theme.ColorNamePressed:             veil(t.shade, 0x20),
		theme.ColorNamePrimary:             rgb(t.accent),
		theme.ColorNameScrollBar:           veil(t.shade, 0x78),
		theme.ColorNameScrollBarBackground: veil(t.shade, 0x00),
		theme.ColorNameSelection:           rgb(t.mark),
		theme.ColorNameSeparator:           rgb(t.line),
		theme.ColorNameShadow:              veil(0x000000, 0x2A),
		theme.ColorNameSuccess:             rgb(t.success),
		theme.ColorNameWarning:             rgb(t.warning),
	}
}
