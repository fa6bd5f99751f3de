package desktop

import "descry/ui/app"

// quietCommands are the commands about how background work gives way to other work.
func (w *window) quietCommands() []command {
	file := tr("File")
	return []command{
		{menu: file, name: tr("Quiet mode: always, or on battery alone"), keys: "Q", runes: "qQ", run: w.toggleQuiet},
		{menu: file, name: tr("Quiet mode: never"), run: func() { w.setQuiet(app.QuietOff) }},
	}
}

// toggleQuiet makes background work quiet always, or as by default on battery alone.
func (w *window) toggleQuiet() {
	w.loop.Go(func() func() {
		mode := app.QuietOn
		if w.setting(app.SettingQuiet) == app.QuietOn {
			mode = app.QuietAuto
		}
		return func() { w.setQuiet(mode) }
	})
}

// setQuiet says how background work gives way from now on.
func (w *window) setQuiet(mode string) {
	said := map[string]string{
		app.QuietOn:   tr("Quiet: half the cores, and Descry waits on battery and while you or other programs work."),
		app.QuietAuto: tr("Quiet on battery alone: half the cores, and Descry waits while the battery is low."),
		app.QuietOff:  tr("Never quiet: all cores, also on battery."),
	}[mode]
	w.loop.Go(func() func() {
		err := w.b.SetSetting(w.ctx, app.SettingQuiet, mode)
		return func() {
			if err != nil {
				w.fail(tr("The setting was not kept"), err)
				return
			}
			w.toast.Show(said, "", nil)
		}
	})
}
