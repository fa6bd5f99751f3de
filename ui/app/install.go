package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"descry/clipengine/bundle"
	"descry/clipengine/catalogue"
	"descry/clipengine/convert"
	"descry/clipengine/hub"
	"descry/internal/disk"
	"descry/library"
)

// ErrLicence says that a model's licence forbids some uses, and that nobody accepted it.
var ErrLicence = errors.New("its licence has to be accepted first")

// InstallOptions say how a model is installed.
type InstallOptions struct {
	// Precision is the variant: fp32, fp16 or int8; PrecisionAuto, or "", is the one that suits
	// this machine.
	Precision string
	// AcceptLicence: the person accepts a licence that forbids some uses.
	AcceptLicence bool
	// Fresh forgets what an unfinished download left, and which files were seen before.
	Fresh bool
	// KeepOriginal: where the variant is made here of the float32 model, that one stays, too, as
	// a model of its own.
	KeepOriginal bool
}

// InstallPlan is what a person should know before a model is downloaded. It is made without
// asking anybody.
type InstallPlan struct {
	// ID is that of the installed model: the catalogue's, and the precision unless it is fp32.
	ID string
	catalogue.Model
	Precision catalogue.Precision
	// Where names the hub or mirror, Page is the address at which a person finds the model
	// there, "" for a folder.
	Where, Page string
	// Open: the way there is not encrypted.
	Open bool
	// Bytes is the size of the download, Known whether it is more than an estimate, Memory an
	// estimate of the bytes of memory it needs besides the program.
	Bytes  int64
	Known  bool
	Memory int64
	// Convert: it is not published in this precision. Its float32 model is downloaded, and it is
	// made of that one here, without the network. From is the id of the float32 model where it is
	// at hand: then nothing is downloaded, and that one stays.
	Convert bool
	From    string
	// Disk is what it takes on the disk in the end, Peak what it takes on the way, in bytes; both
	// are the download's where nothing is converted.
	Disk, Peak int64
	// Offer is a precision that would suit this machine better, and in which it could be made
	// here, as it is published in none; "" where there is none or one was asked for.
	Offer catalogue.Precision
	// Tight is "" or says in a sentence that there is not as much memory.
	Tight string
	// There is what is there of it from a download that was not finished, in bytes.
	There int64
	// Images is the id of the model at hand whose image tower it goes with, "" where it has
	// its own.
	Images string
}

// InstallProgress says how far an installation is.
type InstallProgress struct {
	// Converting: the download is there, and another precision is made of it. Testing: all is
	// there, or made, and is tested.
	Converting, Testing bool
	File                string // of which something came last
	// Done and Total are bytes of the download; while Converting, of what is made of it; while
	// Converting and Testing, vectors that are compared with the original's.
	Done, Total int64
	PerSecond   float64
	Left        time.Duration // 0 while unknown
}

// PlanInstall says what InstallModel would bring. Errors: library.ErrNotFound for an id that the
// catalogue does not have, and a sentence for a model that cannot be installed.
func (a *App) PlanInstall(ctx context.Context, id string, o InstallOptions) (InstallPlan, error) {
	client, err := a.hubClient(ctx)
	if err != nil {
		return InstallPlan{}, err
	}
	defer client.Close()
	return a.plan(ctx, id, o, client)
}

// hubClient is for the hub that the setting names.
func (a *App) hubClient(ctx context.Context) (*hub.Client, error) {
	p := a.p.Hub
	if from := a.Setting(ctx, SettingModelsFrom); from != "" {
		p.From = from
	}
	client, err := hub.New(p)
	if err != nil {
		return nil, InstallError{"mirror", "Set another one, or none: descry config set " + SettingModelsFrom + " ''", err}
	}
	return client, nil
}

func (a *App) plan(ctx context.Context, id string, o InstallOptions, client *hub.Client) (InstallPlan, error) {
	c, err := a.Catalogue()
	if err != nil {
		return InstallPlan{}, err
	}
	m, ok := entryOf(c, id)
	if !ok {
		return InstallPlan{}, InstallError{"not_found", "See what there is: descry models list --all", fmt.Errorf("the catalogue has no model %q: %w", id, library.ErrNotFound)}
	}
	if o.Precision == PrecisionAuto {
		o.Precision = ""
	}
	if o.Precision == "" && id != m.ID {
		o.Precision = strings.TrimPrefix(id, m.ID+"-") // a variant was asked for by its id
	}
	p := InstallPlan{ID: m.ID, Model: m, Precision: catalogue.Precision(o.Precision), Where: client.Where(), Page: client.Page(m.Repo), Open: !client.Secure()}
	switch {
	case m.ID == starterID:
		return InstallPlan{}, errors.New("the starter model comes with the program")
	case !m.Published():
		return InstallPlan{}, InstallError{
			"not_published", strings.TrimSpace("Make a folder of it with tools/export and add that: descry models add FOLDER. " + m.Note),
			fmt.Errorf("the model %s is published in no form that Descry reads", m.ID),
		}
	case o.Precision == "":
		p.Precision = a.precisionHere(ctx, m.Variants)
		if best := a.precisionHere(ctx, slices.Concat(m.Variants, m.Makeable())); best != p.Precision {
			p.Offer = best
		}
	case !m.Has(p.Precision):
		if p.Convert = slices.Contains(m.Makeable(), p.Precision); !p.Convert {
			err := fmt.Errorf("the model %s is not published in %s, only in %s", m.ID, o.Precision, precisionNames(m.Variants))
			if m.Convolutions && p.Precision == catalogue.INT8 {
				err = fmt.Errorf("%w; and no int8 model is made of it, as %w", err, convert.ErrLittleGain)
			}
			return InstallPlan{}, InstallError{"no_variant", "Install it as it is: descry models install " + m.ID, err}
		}
	}
	if p.Precision != catalogue.FP32 {
		p.ID += "-" + string(p.Precision)
	}
	if a.atHand(p.ID) {
		return InstallPlan{}, fmt.Errorf("there is a model called %s already; remove it first", p.ID)
	}
	if p.Bytes, p.Known = m.Download(p.original().Precision); m.ImageTower != "" {
		p.Bytes, p.Known = int64(float64(p.Bytes)*m.TextParams/(m.ImageParams+m.TextParams)), false
	}
	p.Disk, p.Peak = p.Bytes, p.Bytes
	p.Memory = int64(m.MemoryMiB(p.Precision)) << 20
	p.Tight = tight(a.limits(), p.Memory)
	p.There, _, _ = hub.Unfinished(a.begun(p))
	if p.Convert {
		if err := a.planConversion(&p, o); err != nil {
			return InstallPlan{}, err
		}
	}
	if m.ImageTower != "" {
		if p.Images, err = a.imagesFor(c, m); err != nil {
			return InstallPlan{}, err
		}
	}
	return p, nil
}

// imagesFor finds the model at hand whose image tower goes with a text tower.
func (a *App) imagesFor(c *catalogue.Catalogue, m catalogue.Model) (string, error) {
	ids, err := a.installed()
	if err != nil {
		return "", err
	}
	// The one in full precision comes first.
	slices.Sort(ids)
	for _, id := range ids {
		if e, ok := entryOf(c, id); ok && e.ID == m.ImageTower {
			return id, nil
		}
	}
	return "", InstallError{
		"needs_model", "Install that one first: descry models install " + m.ImageTower,
		fmt.Errorf("the model %s knows texts only and goes with the pictures of %s, which is not at hand", m.ID, m.ImageTower),
	}
}

func precisionNames(list []catalogue.Precision) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

// installing begins the name of the folder to which a model is downloaded.
const installing = ".installing-"

// stagingOf is the folder to which a model is downloaded.
func (a *App) stagingOf(id string) string { return filepath.Join(a.modelsDir(), installing+id) }

// InstallModel downloads a model of the catalogue, checks every file, tests it and puts it
// among the models at hand. One that is not published in the precision that was asked for is
// made here of the float32 model, which is removed then unless o says otherwise or it was at
// hand before. When ctx ends, the process is killed, or something fails on the way, what came is
// kept, and another call goes on from it: that is how a download is paused. progress may be nil;
// it is called from other goroutines, one call at a time. Errors: ErrLicence, InstallError, and
// library.ErrInUse while the same model is being installed.
func (a *App) InstallModel(ctx context.Context, id string, o InstallOptions, progress func(InstallProgress)) (Conversion, error) {
	if err := a.needWriting(); err != nil {
		return Conversion{}, err
	}
	client, err := a.hubClient(ctx)
	if err != nil {
		return Conversion{}, err
	}
	defer client.Close()
	p, err := a.plan(ctx, id, o, client)
	if err != nil {
		return Conversion{}, err
	}
	if p.Restricted && !o.AcceptLicence && p.From == "" {
		return Conversion{}, InstallError{
			"licence", "Read it, and if you accept it: descry models install " + id + " --accept-licence",
			fmt.Errorf("the model %s cannot be installed yet: %w. It is %s: %s", p.ID, ErrLicence, p.Licence, strings.TrimRight(p.LicenceNote, ".")),
		}
	}
	// Without it nothing could be tested, which should be known before the download.
	if _, err := a.runtimeLibrary(ctx); err != nil {
		return Conversion{}, fmt.Errorf("a model has to be tested: %w", err)
	}
	ids := []string{p.ID}
	if p.Convert && p.From == "" {
		ids = append(ids, p.original().ID)
	}
	release, err := a.claim(ids...)
	if err != nil {
		return Conversion{}, err
	}
	defer release()
	if progress == nil {
		progress = func(InstallProgress) {}
	}
	var c Conversion
	switch {
	case p.Convert:
		c, err = a.installConverted(ctx, client, p, o, progress)
	default:
		c.Model, err = a.install(ctx, client, p, o, progress)
	}
	if err != nil {
		return Conversion{}, a.mend(ctx, p, err)
	}
	c.Model.PerSecond = a.speedOf(ctx, c.Model.Space)
	return c, nil
}

// claim keeps others from making models with the same ids until release is called.
func (a *App) claim(ids ...string) (release func(), err error) {
	for i, id := range ids {
		if _, busy := a.installing.LoadOrStore(id, true); busy {
			for _, mine := range ids[:i] {
				a.installing.Delete(mine)
			}
			return nil, fmt.Errorf("the model %s is being installed: %w", id, library.ErrInUse)
		}
	}
	return func() {
		for _, id := range ids {
			a.installing.Delete(id)
		}
	}, nil
}

// ConversionOffer returns a precision that would suit this machine better than that of a model at
// hand, and that ConvertModel can make of it, or "".
func (a *App) ConversionOffer(ctx context.Context, id string) string {
	b, err := a.openBundle(id)
	if err != nil || bundle.Precision(b.Precision) != bundle.Float32Weights {
		return ""
	}
	return a.convertible(ctx, b)
}

// reserve is what a download leaves free on the disk, in bytes.
const reserve = 256 << 20

// install downloads a model as it is published, tests it and puts it in place.
func (a *App) install(ctx context.Context, client *hub.Client, p InstallPlan, o InstallOptions, progress func(InstallProgress)) (ModelInfo, error) {
	staging := a.stagingOf(p.ID)
	last := InstallProgress{}
	files, err := a.fetch(ctx, client, p, o, staging, func(q InstallProgress) {
		last = q
		progress(q)
	})
	if err != nil {
		return ModelInfo{}, err
	}
	last.Testing, last.PerSecond, last.Left = true, 0, 0
	progress(last)
	b, err := bundle.OpenWith(staging, a.openBundle)
	if err == nil {
		err = a.proveBundle(ctx, b)
	}
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, ErrTooLarge) {
			return ModelInfo{}, err // the files are right
		}
		return ModelInfo{}, errors.Join(unusable(p, err), hub.Discard(staging))
	}
	final := filepath.Join(a.modelsDir(), p.ID)
	if err := disk.Place(staging, final); err != nil {
		return ModelInfo{}, fmt.Errorf("putting the model in place: %w", err)
	}
	if err := errors.Join(hub.Settle(final), a.noteSeen(p.ID, files)); err != nil {
		return ModelInfo{}, err
	}
	return a.placed(p.ID)
}

// unusable says that the files of a model are those that were published, and not what they should be.
func unusable(p InstallPlan, err error) error {
	return fmt.Errorf("the model %s is as it was published, and cannot be used: %w", p.ID, err)
}

// fetch brings the files of a model into a folder, checks them and writes what is known of it.
func (a *App) fetch(ctx context.Context, client *hub.Client, p InstallPlan, o InstallOptions, staging string, progress func(InstallProgress)) ([]hub.File, error) {
	seen := a.seenFiles(p.ID)
	if o.Fresh {
		seen = nil
		if err := hub.Discard(staging); err != nil {
			return nil, err
		}
	}
	listing, err := a.wanted(ctx, client, p)
	if err != nil {
		return nil, err
	}
	if err := pin(listing.Files, p, seen); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(staging); errors.Is(err, fs.ErrNotExist) && !o.Fresh {
		if err := os.Rename(a.begun(p), staging); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("going on with an earlier download: %w", err)
		}
	}
	rate := newRate()
	files, err := client.Fetch(ctx, hub.Job{Listing: listing, Dir: staging, Reserve: reserve, Report: func(h hub.Progress) {
		progress(rate.of(h, time.Now()))
	}})
	if err != nil {
		return nil, err
	}
	if err := writeManifest(staging, p, listing, client.Where(), files); err != nil {
		return nil, fmt.Errorf("writing what is known of the model: %w", err)
	}
	return files, nil
}

// wanted lists the files of the variant that is to be installed, as the hub publishes them. A
// mirror that lists nothing is asked for those that the catalogue names.
func (a *App) wanted(ctx context.Context, client *hub.Client, p InstallPlan) (hub.Listing, error) {
	listing, err := client.List(ctx, p.Repo, "")
	switch {
	case errors.Is(err, hub.ErrNotPublished) && client.Where() != publicHub && !p.MoreFiles():
		listing = hub.Listing{Repo: p.Repo, Revision: "main"}
		for _, f := range p.FilesIn(p.Precision) {
			listing.Files = append(listing.Files, hub.File{Path: f.Path, Bytes: -1})
		}
	case err != nil:
		return hub.Listing{}, err
	}
	listing.Files, err = hub.Choose(listing.Files, hub.Want{Layout: p.Layout, Precision: string(p.Precision), TextOnly: p.ImageTower != ""})
	return listing, err
}

// publicHub is what the hub is called that is asked where no mirror is set.
var publicHub = strings.TrimPrefix(hub.Public, "https://")

// pin sets the digests that the catalogue knows, and those of an earlier installation, and
// refuses files that are published with others. What is only to be read by people may change.
func pin(files []hub.File, p InstallPlan, seen map[string]string) error {
	pinned := map[string]string{}
	for _, f := range p.FilesIn(p.Precision) {
		pinned[f.Path] = f.SHA256
	}
	for i := range files {
		f := &files[i]
		want, fix := pinned[f.Path], "The catalogue of a newer version of Descry may know it; the one of this version was made for another file."
		if base := path.Base(f.Path); want == "" && !slices.Contains(toRead, base) {
			want, fix = seen[f.Path], "If you trust who publishes it, take it as it is now: descry models install "+p.ID+" --fresh"
		}
		switch {
		case want == "":
		case f.SHA256 == "":
			f.SHA256 = want
		case !strings.EqualFold(f.SHA256, want):
			return InstallError{
				"changed_file", fix,
				fmt.Errorf("%s of the model %s is published with another content now than the one that is known here (%w)", f.Path, p.ID, hub.ErrOther),
			}
		}
	}
	return nil
}

// toRead are files for people, which change without the model changing.
var toRead = []string{"README.md", "LICENSE", "LICENSE.txt", "NOTICE"}

// writeManifest writes bundle.json: what the catalogue says of the model, and which files came
// from where.
func writeManifest(dir string, p InstallPlan, l hub.Listing, where string, files []hub.File) error {
	digests := map[string]string{}
	for _, f := range files {
		digests[f.Path] = f.SHA256
	}
	name := p.Name
	if p.Precision != catalogue.FP32 {
		name += " (" + string(p.Precision) + ")"
	}
	m := map[string]any{
		"name": name, "licence": p.Licence, "licence_note": p.LicenceNote, "languages": p.Languages,
		"source": hub.Public + "/" + p.Repo, "digests": digests,
		"published": map[string]any{"repository": p.Repo, "revision": l.Revision, "commit": l.Commit, "from": where},
	}
	if p.Images != "" {
		m["image_tower"] = p.Images
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return disk.WriteFile(filepath.Join(dir, "bundle.json"), append(data, '\n'))
}

// seenFile remembers the digests of every model that was ever installed, by id and file, so
// that it shows when a model that is installed again is another one.
const seenFile = ".seen.json"

func (a *App) readSeen() map[string]map[string]string {
	data, err := os.ReadFile(filepath.Join(a.modelsDir(), seenFile))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.p.Log.Warn("reading which models were seen", "error", err)
		}
		return nil
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		a.p.Log.Warn("reading which models were seen", "error", err)
		return nil
	}
	return all
}

func (a *App) seenFiles(id string) map[string]string { return a.readSeen()[id] }

func (a *App) noteSeen(id string, files []hub.File) error {
	a.seen.Lock()
	defer a.seen.Unlock()
	all := a.readSeen()
	if all == nil {
		all = map[string]map[string]string{}
	}
	all[id] = map[string]string{}
	for _, f := range files {
		all[id][f.Path] = f.SHA256
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := disk.WriteFile(filepath.Join(a.modelsDir(), seenFile), data); err != nil {
		return fmt.Errorf("noting which files the model has: %w", err)
	}
	return nil
}

// Unfinished is a model whose download was begun and not finished, or was not converted yet.
type Unfinished struct {
	ID          string
	Model       string // its id in the catalogue; ID where it is not in there
	Done, Total int64  // bytes of the download
}

// UnfinishedInstalls lists the models whose download can be gone on with. RemoveModel removes
// what there is of one.
func (a *App) UnfinishedInstalls() ([]Unfinished, error) {
	entries, err := os.ReadDir(a.modelsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the models: %w", err)
	}
	c, err := a.Catalogue()
	if err != nil {
		c = &catalogue.Catalogue{}
	}
	var list []Unfinished
	for _, e := range entries {
		id, ok := strings.CutPrefix(e.Name(), installing)
		if !ok || !e.IsDir() || a.atHand(id) {
			continue
		}
		u := Unfinished{ID: id, Model: id}
		if m, ok := entryOf(c, id); ok {
			u.Model = m.ID
		}
		u.Done, u.Total, _ = hub.Unfinished(a.stagingOf(id))
		list = append(list, u)
	}
	return list, nil
}

// atHand tells whether there is a model with an id among those that were added.
func (a *App) atHand(id string) bool {
	_, err := os.Stat(filepath.Join(a.modelsDir(), id))
	return err == nil
}

// removeUnfinished removes what there is of a download, and tells whether there was something.
func (a *App) removeUnfinished(id string) (bool, error) {
	list, err := a.UnfinishedInstalls()
	if err != nil || !slices.ContainsFunc(list, func(u Unfinished) bool { return u.ID == id }) {
		return false, err
	}
	if _, busy := a.installing.Load(id); busy {
		return false, fmt.Errorf("the model %s is being installed: %w", id, library.ErrInUse)
	}
	return true, hub.Discard(a.stagingOf(id))
}

// rate tells how fast bytes come.
type rate struct {
	at        time.Time
	bytes     int64
	perSecond float64
}

func newRate() *rate { return &rate{bytes: -1} }

// of is the progress of a download at an instant.
func (r *rate) of(h hub.Progress, now time.Time) InstallProgress {
	came := h.Bytes - h.Kept
	switch elapsed := now.Sub(r.at).Seconds(); {
	case r.bytes < 0:
		r.at, r.bytes = now, came
	case elapsed >= 1:
		fresh := float64(max(came-r.bytes, 0)) / elapsed
		if r.perSecond == 0 {
			r.perSecond = fresh
		}
		// The last few seconds count, so that it neither jumps nor lags.
		r.perSecond += (fresh - r.perSecond) * min(1, elapsed/4)
		r.at, r.bytes = now, came
	}
	p := InstallProgress{File: h.File, Done: h.Bytes, Total: h.Total, PerSecond: r.perSecond}
	if r.perSecond > 0 {
		p.Left = time.Duration(float64(h.Total-h.Bytes) / r.perSecond * float64(time.Second))
	}
	return p
}
