package look

import (
	"embed"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

//go:embed icons/*.svg
var iconFiles embed.FS

// Icon is the name of an icon that the toolkit's own family lacks; its shapes are drawn to
// go with that family.
type Icon string

// The icons of the window.
const (
	Heart        Icon = "heart"
	HeartOutline Icon = "heart-outline"
	Star         Icon = "star"
	StarOutline  Icon = "star-outline"
	PaneLeft     Icon = "panes"
	PaneRight    Icon = "pane-right"
	TagIcon      Icon = "tag"
	TextIcon     Icon = "text"
	Photos       Icon = "photos"
	OfflineIcon  Icon = "offline"
	Check        Icon = "check"
	Cross        Icon = "cross"
	SmallGrid    Icon = "small-grid"
	LargeGrid    Icon = "large-grid"
	Right        Icon = "right"
	Down         Icon = "down"
	StackIcon    Icon = "stack"
	Play         Icon = "play"
	MotionIcon   Icon = "motion"
	TrashIcon    Icon = "trash"
	Copies       Icon = "copies"
)

// Resource returns the icon, coloured like text.
func (i Icon) Resource() fyne.Resource {
	name := string(i) + ".svg"
	data, err := iconFiles.ReadFile("icons/" + name)
	if err != nil {
		return theme.BrokenImageIcon()
	}
	return theme.NewThemedResource(fyne.NewStaticResource(name, data))
}
