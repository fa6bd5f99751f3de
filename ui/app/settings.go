package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"descry/clipengine"
	"descry/clipengine/hub"
	"descry/clipengine/ort"
	"descry/library"
	"descry/library/scan"
)

// The settings that a person may change by name.
const (
	SettingModel    = "model"    // id of the model in use
	SettingRuntime  = "runtime"  // path of the ONNX Runtime library
	SettingProvider = "provider" // what the model runs on: auto (the default) or one of ort.Providers
	SettingThreads  = "threads"  // encoders at work; 0 is one per core
	SettingExclude  = "exclude"  // patterns of what is left out of every root, separated by ";"
	SettingWatch    = "watch"    // WatchOn (the default) or WatchOff

	SettingQuiet = "quiet" // how work in the background gives way: QuietAuto (the default), QuietOn or QuietOff

	SettingText = "text" // whether text in photos is read: TextOn (the default) or TextOff

	SettingThumbnails = "thumbnails" // gigabytes that thumbnails may take; 0 is no limit

	SettingSearches = "searches" // whether what was searched for is remembered: SearchesOn (the default) or SearchesOff

	SettingModelsFrom = "models_from" // address or folder of a mirror that models are downloaded from; "" is the public hub

	SettingSidecars = "sidecars" // how sidecars are called: SidecarsFull or SidecarsShort
)

// SettingKeys lists the settings by name.
func SettingKeys() []string {
	return []string{
		SettingExclude, SettingModel, SettingModelsFrom, SettingProvider, SettingQuiet, SettingRuntime, SettingSearches, SettingSidecars, SettingText, SettingThreads, SettingThumbnails, SettingWatch,
	}
}

// Setting returns a setting, "" where it was never set.
func (a *App) Setting(ctx context.Context, key string) string {
	if a.store == nil {
		return ""
	}
	// It takes no time, and who has lost interest must not be told another value than the one that
	// is set: a model would be started by it.
	value, err := a.store.Setting(context.WithoutCancel(ctx), key)
	if err != nil {
		a.p.Log.Warn("reading a setting", "key", key, "error", err)
	}
	return value
}

// SetSetting changes a setting; an empty value goes back to the default.
func (a *App) SetSetting(ctx context.Context, key, value string) error {
	if err := a.needWriting(); err != nil {
		return err
	}
	if err := a.checkSetting(key, value); err != nil {
		return err
	}
	if key == SettingModel {
		return a.UseModel(ctx, firstOf(value, starterID))
	}
	if err := a.store.SetSetting(ctx, key, value); err != nil {
		return err
	}
	switch key {
	case SettingExclude, SettingWatch:
		a.rewatch(ctx)
	case SettingQuiet:
		a.giveWay(ctx)
	case SettingText:
		a.yieldText()
	case SettingProvider, SettingRuntime, SettingThreads:
		a.restartModel()
	}
	return nil
}

// checkSetting refuses a value that a setting cannot have.
func (a *App) checkSetting(key, value string) error {
	switch {
	case value == "":
	case key == SettingThreads:
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return fmt.Errorf("threads = %s: it is a number, 0 or more", value)
		}
	case key == SettingProvider:
		if known := append([]string{clipengine.Auto}, ort.Providers()...); !slices.Contains(known, strings.ToLower(value)) {
			return fmt.Errorf("provider = %s: it is one of %s", value, strings.Join(known, ", "))
		}
	case key == SettingSidecars:
		if value != SidecarsFull && value != SidecarsShort {
			return fmt.Errorf("sidecars = %s: it is %s (photo.jpg.xmp) or %s (photo.xmp)", value, SidecarsFull, SidecarsShort)
		}
	case key == SettingThumbnails:
		if gb, err := strconv.ParseFloat(value, 64); err != nil || !(gb >= 0 && gb < 1e9) {
			return fmt.Errorf("thumbnails = %s: it is a number of gigabytes, 0 for no limit", value)
		}
	case key == SettingExclude:
		if err := scan.CheckPatterns(patterns(value)); err != nil {
			return fmt.Errorf("exclude = %s: %w", value, err)
		}
	case key == SettingSearches:
		if value != SearchesOn && value != SearchesOff {
			return fmt.Errorf("searches = %s: it is %s or %s", value, SearchesOn, SearchesOff)
		}
	case key == SettingWatch:
		if value != WatchOn && value != WatchOff {
			return fmt.Errorf("watch = %s: it is %s or %s", value, WatchOn, WatchOff)
		}
	case key == SettingQuiet:
		if value != QuietAuto && value != QuietOn && value != QuietOff {
			return fmt.Errorf("quiet = %s: it is %s, %s or %s", value, QuietAuto, QuietOn, QuietOff)
		}
	case key == SettingText:
		if value != TextOn && value != TextOff {
			return fmt.Errorf("text = %s: it is %s or %s", value, TextOn, TextOff)
		}
	case key == SettingModelsFrom:
		if err := hub.CheckFrom(value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	case key == SettingModel:
		if _, err := a.openBundle(value); err != nil {
			return err
		}
	}
	return nil
}

// restartModel makes the model start anew when it is needed, as the settings say then.
func (a *App) restartModel() {
	a.meaning.mu.Lock()
	defer a.meaning.mu.Unlock()
	a.forgetModel()
}

// Settings returns the settings that were set, by name.
func (a *App) Settings(ctx context.Context) (map[string]string, error) {
	if err := a.needLibrary(); err != nil {
		return nil, err
	}
	all, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]string)
	for _, k := range SettingKeys() {
		known[k] = all[k]
	}
	return known, nil
}

// askedThreads is how many photos are to be looked at at a time: as the call or the setting says, or
// 0 where neither does.
func (a *App) askedThreads(ctx context.Context) int {
	if a.p.Threads > 0 {
		return a.p.Threads
	}
	n, err := strconv.Atoi(a.Setting(ctx, SettingThreads))
	if err != nil {
		return 0
	}
	return n
}

// needWriting refuses what cannot be done on a library that is open for reading.
func (a *App) needWriting() error {
	switch {
	case a.store == nil:
		return a.needLibrary()
	case a.p.ReadOnly || a.p.Optional:
		return library.ErrReadOnly
	}
	return nil
}

// needLibrary refuses what cannot be done without a library.
func (a *App) needLibrary() error {
	switch {
	case a.broken != nil:
		return a.broken
	case a.store == nil:
		return ErrNoLibrary
	}
	return nil
}

// asSentence writes an error as a sentence of its own.
func asSentence(err error) string { return upper(strings.TrimRight(err.Error(), ".")) + "." }

// upper makes the first letter a capital.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
