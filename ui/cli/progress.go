package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"descry/ui/app"
)

// meter shows the progress of a long task on the terminal. Its methods are called from
// one goroutine.
type meter struct {
	out  io.Writer
	form string   // "plain", "bar", "json", or "" for none
	job  string   // the task that was shown last
	wait app.Wait // why it waited then
	last time.Time
	now  func() time.Time
	open bool // a bar stands on the current line

	text func(app.Progress) string // nil: progressText
}

// Plain lines are for logs and screen readers, so they come seldom.
const (
	plainEvery = 5 * time.Second
	barEvery   = 100 * time.Millisecond
	barWidth   = 30
)

func (c *call) newMeter() *meter {
	form := c.progress
	if form == "" {
		form = "plain"
		if c.env.Tty {
			form = "bar"
		}
	}
	if c.quiet {
		form = ""
	}
	return &meter{out: c.env.Err, form: form, now: time.Now}
}

// show shows how far a task is: at its beginning, at its end, and now and then in between.
// While nothing is known of it, lines keep quiet for a while: most tasks are done by then. What
// follows another task is said at once.
func (m *meter) show(p app.Progress) {
	every := barEvery
	if m.form == "plain" {
		every = plainEvery
	}
	now := m.now()
	begins, follows, waits := p.Job != m.job, m.job != "", p.Waiting != m.wait
	if begins || waits {
		m.job, m.wait, m.last = p.Job, p.Waiting, now
	}
	ends := p.Total > 0 && p.Done == p.Total && m.form != "plain"
	due := waits || begins && (p.Total > 0 || follows) || ends || now.Sub(m.last) >= every
	if p.Waiting != app.WaitNot && !waits && m.form == "plain" {
		return // once is enough: it may wait for hours
	}
	if m.form == "" || !due {
		return
	}
	m.last = now
	text := progressText
	if m.text != nil {
		text = m.text
	}
	switch m.form {
	case "json":
		line, err := json.Marshal(map[string]any{
			"job": p.Job, "done": p.Done, "total": p.Total, "failed": p.Failed,
			"per_second": p.PerSecond, "seconds_left": p.Left.Seconds(), "waiting": p.Waiting,
		})
		if err == nil {
			fmt.Fprintf(m.out, "%s\n", line)
		}
	case "bar":
		m.open = true
		fmt.Fprintf(m.out, "\r\x1b[K%s %s", bar(p.Done, p.Total), text(p))
	default:
		fmt.Fprintln(m.out, visible([]any{text(p)})...)
	}
}

// done ends the line of a bar.
func (m *meter) done() {
	if m.open {
		m.open = false
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}

func bar(done, total int) string {
	full := 0
	if total > 0 {
		full = min(barWidth, barWidth*done/total)
	}
	return "[" + strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + "]"
}

// progressText is "Looking at photos: 7590 of 12431, 43/s, 2 min left, 3 unreadable".
func progressText(p app.Progress) string {
	var b strings.Builder
	b.WriteString(p.Job)
	switch {
	case p.Total > 0:
		fmt.Fprintf(&b, ": %d of %d", p.Done, p.Total)
	case p.Done > 0:
		fmt.Fprintf(&b, ": %d", p.Done)
	}
	if p.Waiting != app.WaitNot {
		fmt.Fprintf(&b, ", waiting: %s", p.Waiting)
		return b.String()
	}
	if p.PerSecond > 0 {
		fmt.Fprintf(&b, ", %.0f/s", p.PerSecond)
	}
	if p.Left > 0 {
		b.WriteString(", " + leftText(p.Left) + " left")
	}
	if p.Failed > 0 {
		fmt.Fprintf(&b, ", %d unreadable", p.Failed)
	}
	return b.String()
}

func leftText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Seconds()+0.5)))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
