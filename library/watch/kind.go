package watch

import "fmt"

// fsKind says what a root lies on.
type fsKind struct {
	watch bool   // the system tells of changes
	name  string // of the file system, where it does not; "" for a whole system that does not
}

// sentence tells the person of a root that is polled.
func (k fsKind) sentence(path string) string {
	if k.name == "" {
		return ""
	}
	return fmt.Sprintf("%s lies on a network drive (%s), which does not tell of changes, so it is only looked through now and then.",
		path, k.name)
}
