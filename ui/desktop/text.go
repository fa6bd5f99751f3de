package desktop

import (
	"fmt"
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"

	"descry/assets"
)

// with is the data of a translated sentence.
type with map[string]any

// tr translates a sentence; its English form is the key.
func tr(text string, data ...any) string { return lang.L(text, data...) }

// trn translates a sentence about n things; N in it is the number with separators.
func trn(text string, n int, data with) string {
	all := with{"N": number(n)}
	for k, v := range data {
		all[k] = v
	}
	return lang.N(text, n, all)
}

// loadTranslations makes the texts in assets known to the toolkit.
func loadTranslations() error {
	if err := lang.AddTranslationsFS(assets.Translations, "translations"); err != nil {
		return fmt.Errorf("read the translations: %w", err)
	}
	return nil
}

// number prints n with a separator between thousands.
func number(n int) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// percent prints a share from 0 to 1 and keeps 100 % for what is complete.
func percent(share float64) string {
	p := int(math.Round(share * 100))
	if p == 100 && share < 1 {
		p = 99
	}
	return fmt.Sprintf("%d %%", p)
}

// timeLeft prints a duration as one would say it.
func timeLeft(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return tr("a few seconds left")
	case d < time.Minute:
		return trn("{{.N}} seconds left", int(d.Seconds()), nil)
	case d < 100*time.Minute:
		return trn("{{.N}} minutes left", int(math.Ceil(d.Minutes())), nil)
	default:
		return trn("{{.N}} hours left", int(math.Ceil(d.Hours())), nil)
	}
}

// bytesText prints a size in the unit that suits it.
func bytesText(n int64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	v, u := float64(n), 0
	for v >= 1000 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	if u == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[u])
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

// dateText prints a point in time as the camera's clock showed it.
func dateText(t time.Time) string { return t.Format("2 January 2006, 15:04") }

// quoted puts a text into quotation marks, shortened where it is long.
func quoted(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 60 {
		r = append(r[:59], '…')
	}
	return "‘" + string(r) + "’"
}

// sentence makes an error message start with a capital and end with a stop.
func sentence(err error) string {
	s := strings.TrimSpace(err.Error())
	if s == "" {
		return ""
	}
	s = capital(s)
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}

// capital makes the first letter a large one.
func capital(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[0])) + string(r[1:])
}
