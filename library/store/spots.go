package store

import (
	"math"
)

// Spot is a square of a hundredth of a degree on the earth: a kilometre from south to north,
// and less from west to east away from the equator. Spots of one row follow each other from
// west to east.
type Spot int64

const (
	spotsPerDegree = 100
	spotColumns    = 360 * spotsPerDegree
	spotRows       = 180 * spotsPerDegree
)

// SpotOf is the spot of a position in degrees north and east.
func SpotOf(lat, lon float64) Spot {
	row := int64(math.Floor((lat + 90) * spotsPerDegree))
	column := int64(math.Floor((lon + 180) * spotsPerDegree))
	return Spot(min(max(row, 0), spotRows-1)*spotColumns + (column%spotColumns+spotColumns)%spotColumns)
}

// Middle is the middle of a spot, in degrees north and east.
func (s Spot) Middle() (lat, lon float64) {
	return (float64(s/spotColumns)+0.5)/spotsPerDegree - 90, (float64(s%spotColumns)+0.5)/spotsPerDegree - 180
}

// fine is a position in hundred-thousandths of a degree, a metre.
func fine(degrees float64) int64 { return int64(math.Round(degrees * 1e5)) }

// earthKm is the mean radius of the earth.
const earthKm = 6371

// widestCircle is the radius in kilometres up to which the rim of a circle is looked for.
const widestCircle = 5000

// circle returns the spots that lie in a circle as a whole, and those of which a part may lie in
// it, at its rim: as ranges, ends included.
func circle(lat, lon, km float64) (inside, rim [][2]Spot) {
	if km > widestCircle {
		return nil, [][2]Spot{{0, spotRows*spotColumns - 1}}
	}
	const rad = math.Pi / 180
	angle := km / earthKm // as seen from the middle of the earth
	// half is how many degrees east and west of its middle the circle goes at a latitude; below 0:
	// it does not reach it. By the spherical law of cosines.
	half := func(at float64) float64 {
		c := math.Cos(lat*rad) * math.Cos(at*rad)
		x := math.Cos(angle) - math.Sin(lat*rad)*math.Sin(at*rad)
		switch {
		case math.Abs(at-lat)*rad > angle:
			return -1
		case x <= -c: // around a pole
			return 180
		}
		return math.Acos(math.Min(1, x/c)) / rad
	}
	// The latitude at which the circle is widest; it holds a pole where there is none.
	widest, reach := math.Inf(1), angle/rad
	if s := math.Sin(lat*rad) / math.Cos(angle); math.Abs(s) < 1 {
		widest = math.Asin(s) / rad
	}
	first := max(int64(math.Floor((lat-reach+90)*spotsPerDegree)), 0)
	last := min(int64(math.Floor((lat+reach+90)*spotsPerDegree)), spotRows-1)
	add := func(to *[][2]Spot, row int64, west, east float64, whole bool) {
		for _, c := range columns(west, east, whole) {
			*to = append(*to, [2]Spot{Spot(row*spotColumns + c[0]), Spot(row*spotColumns + c[1])})
		}
	}
	for row := first; row <= last; row++ {
		south, north := float64(row)/spotsPerDegree-90, float64(row+1)/spotsPerDegree-90
		a, b := half(south), half(north)
		least, most := min(a, b), max(a, b, 0)
		for _, at := range []float64{widest, lat} {
			if south < at && at < north {
				most = max(most, half(at))
			}
		}
		if least <= 0 {
			add(&rim, row, lon-most, lon+most, false)
			continue
		}
		add(&inside, row, lon-least, lon+least, true)
		add(&rim, row, lon-most, lon-least, false)
		add(&rim, row, lon+least, lon+most, false)
	}
	return inside, rim
}

// columns are the columns between two longitudes, which may lie beyond the date line: those
// that lie there as a whole, or all of which a part does. At most two ranges, ends included.
func columns(west, east float64, whole bool) [][2]int64 {
	if east-west >= 360 {
		return [][2]int64{{0, spotColumns - 1}}
	}
	from, to := (west+180)*spotsPerDegree, (east+180)*spotsPerDegree
	first, last := int64(math.Floor(from)), int64(math.Floor(to))
	if whole {
		first, last = int64(math.Ceil(from)), int64(math.Floor(to))-1
	}
	if last < first {
		return nil
	}
	if last-first >= spotColumns {
		return [][2]int64{{0, spotColumns - 1}}
	}
	first, last = (first%spotColumns+spotColumns)%spotColumns, (last%spotColumns+spotColumns)%spotColumns
	if first <= last {
		return [][2]int64{{first, last}}
	}
	return [][2]int64{{first, spotColumns - 1}, {0, last}}
}
