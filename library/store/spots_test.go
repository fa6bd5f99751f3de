package store

import (
	"math"
	"math/rand/v2"
	"testing"

	"descry/library"
)

// What circle says of spots is what looking at each position says.
func TestCircles(t *testing.T) {
	for _, s := range []struct{ lat, lon float64 }{{0, 0}, {-90, -180}, {90, 180}, {52.5163, 13.3777}, {-17.001, 179.999}, {12.34, -0.004}} {
		lat, lon := SpotOf(s.lat, s.lon).Middle()
		if math.Abs(lat-s.lat) > 0.0051 || math.Abs(math.Remainder(lon-s.lon, 360)) > 0.0051 {
			t.Errorf("the spot of %v lies at %.3f, %.3f", s, lat, lon)
		}
	}
	l := newLib(t)
	ctx := t.Context()
	r := rand.New(rand.NewPCG(4, 4))
	within := func(spots [][2]Spot, s Spot) bool {
		for _, x := range spots {
			if x[0] <= s && s <= x[1] {
				return true
			}
		}
		return false
	}
	for _, c := range []struct{ lat, lon, km float64 }{
		{52.5, 13.4, 5},
		{52.5, 13.4, 0.2},
		{52.505, 13.405, 0.01},
		{0, 0, 30},
		{-17, 179.99, 20},
		{-17, -179.995, 3},
		{89.95, 20, 30},
		{-90, 0, 12},
		{70, 100, 300},
		{38.7, -9.1, 0},
		{10, 10, 2500},
		{60, 10, 5200},
		{0, 0, 19000},
	} {
		inside, rim := circle(c.lat, c.lon, c.km)
		held := 0
		for range 3000 {
			// Close to the rim, where mistakes are.
			turn, far := 2*math.Pi*r.Float64(), c.km+3*r.NormFloat64()
			lat := c.lat + far*math.Cos(turn)/111.2
			lon := c.lon + far*math.Sin(turn)/111.2/math.Max(0.001, math.Cos(c.lat*math.Pi/180))
			if lat < -90 || lat > 90 {
				continue
			}
			lon = math.Remainder(lon, 360)
			s := SpotOf(lat, lon)
			var km float64
			noError(t, l.ro.QueryRowContext(ctx, "SELECT kilometres(?, ?, ?, ?)", fine(lat), fine(lon), c.lat, c.lon).Scan(&km))
			switch in := km <= c.km; {
			case in && !within(inside, s) && !within(rim, s):
				t.Fatalf("%v: %.5f, %.5f is %.3f km away and left out", c, lat, lon, km)
			case !in && within(inside, s) && km > c.km+0.002: // positions are kept to a metre
				t.Fatalf("%v: %.5f, %.5f is %.3f km away and taken for inside", c, lat, lon, km)
			case in:
				held++
			}
		}
		if held == 0 && c.km > 1 {
			t.Errorf("%v: nothing was inside", c)
		}
		if n := spotsIn(rim); c.km > 1 && c.km <= widestCircle && c.km < 1000 && n > spotsIn(inside)+2000 && math.Abs(c.lat) < 80 {
			t.Errorf("%v: %d spots at the rim", c, n)
		}
	}
}

func spotsIn(list [][2]Spot) (n int64) {
	for _, x := range list {
		n += int64(x[1]-x[0]) + 1
	}
	return n
}

func TestPlaces(t *testing.T) {
	l := newLib(t)
	ctx := t.Context()
	photo := func(name string, n int64, lat, lon float64) library.PhotoID {
		r := l.reading(name)
		r.Metadata.GPS = &library.GPS{Lat: lat, Lon: lon}
		return l.put(name, n, r)
	}
	a, b, c := photo("a.jpg", 1, 52.5, 13.4), photo("b.jpg", 2, 52.5001, 13.4001), photo("c.jpg", 3, -90, -180)
	l.add("d.jpg", 4)
	berlin, pole := SpotOf(52.5, 13.4), SpotOf(-90, -180)
	same(t, "the first spot", pole, 0)
	left, err := l.SpotsWithoutPlace(ctx, "one", 0)
	noError(t, err)
	same(t, "not placed", left, []Spot{pole, berlin})
	noError(t, l.PutPlaces(ctx, "one", []SpotPlace{{berlin, 7, 3, 1}, {pole, -1, -1, -1}}))
	left, err = l.SpotsWithoutPlace(ctx, "one", 0)
	noError(t, err)
	same(t, "all are placed", left, []Spot{})
	for _, x := range []struct {
		name string
		c    Condition
		want []library.PhotoID
	}{
		{"a country", Placed("one", nil, nil, []int64{1, 2}), []library.PhotoID{b, a}},
		{"a region", Placed("one", nil, []int64{3}, nil), []library.PhotoID{b, a}},
		{"a town", Placed("one", []int64{7}, nil, nil), []library.PhotoID{b, a}},
		{"another", Placed("one", []int64{8}, []int64{7}, []int64{3}), nil},
		{"numbers of another list", Placed("two", nil, nil, []int64{1}), nil},
		{"a spot", At([]Spot{pole}), []library.PhotoID{c}},
		{"somewhere", Is(HasGPS), []library.PhotoID{c, b, a}},
	} {
		got, err := l.Find(ctx, x.c)
		noError(t, err)
		same(t, x.name, got, x.want)
	}
	left, err = l.SpotsWithoutPlace(ctx, "two", 1)
	noError(t, err)
	same(t, "another list knows nothing yet", len(left), 1)
	noError(t, l.PutPlaces(ctx, "two", []SpotPlace{{pole, 1, 1, 1}}))
	left, err = l.SpotsWithoutPlace(ctx, "two", 0)
	noError(t, err)
	same(t, "what the first one knew is gone", left, []Spot{berlin})
}
