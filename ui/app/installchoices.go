package app

import (
	"cmp"
	"context"
	"slices"

	"descry/clipengine/catalogue"
)

// InstallChoice is a precision in which a model can be installed.
type InstallChoice struct {
	InstallPlan
	// Suits is whether it suits this machine best.
	Suits bool
	// PerSecond is an estimate of how many photos a second the model would look at here, as
	// Offer.PerSecond is.
	PerSecond float64
}

// InstallChoices lists the precisions in which a model of the catalogue can be installed, the one
// that suits this machine first, and then the smallest; one that nobody publishes is made here after
// the download. Errors are those of PlanInstall, where
// there is no choice at all.
func (a *App) InstallChoices(ctx context.Context, id string) ([]InstallChoice, error) {
	client, err := a.hubClient(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	c, err := a.Catalogue()
	if err != nil {
		return nil, err
	}
	// What is taken without a choice is one of the others.
	auto, problem := a.plan(ctx, id, InstallOptions{}, client)
	best := cmp.Or(auto.Offer, auto.Precision)
	var choices []InstallChoice
	for _, p := range []catalogue.Precision{catalogue.INT8, catalogue.FP16, catalogue.FP32} {
		plan, err := a.plan(ctx, id, InstallOptions{Precision: string(p)}, client)
		if err != nil {
			continue
		}
		choices = append(choices, InstallChoice{InstallPlan: plan, Suits: p == best})
	}
	if len(choices) == 0 {
		return nil, problem
	}
	base, rate := a.yardstick(ctx, c)
	for i := range choices {
		choices[i].PerSecond = choices[i].PhotosPerSecond(choices[i].Precision, base, rate)
	}
	slices.SortStableFunc(choices, func(x, y InstallChoice) int {
		switch {
		case x.Suits:
			return -1
		case y.Suits:
			return 1
		}
		return 0
	})
	return choices, nil
}
