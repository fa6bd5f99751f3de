package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// PointValue is what a value of near: means: a circle around a place.
type PointValue struct {
	Name     string // of the place; "": Lat and Lon are given
	Lat, Lon float64
	Km       float64 // 0: not said
}

// ParsePoint reads the values of near:, as a node holds them: "52.52", "13.40" in degrees
// north and east, or the name of a place; and kilometres, or none.
func ParsePoint(values []string) (PointValue, error) {
	wrong := fmt.Errorf("“near:%s” is neither a place nor coordinates, as in near:lisbon, near:lisbon,20 or near:52.52,13.40,5", short(strings.Join(values, ",")))
	first, isNumber := degrees(values[0])
	if !isNumber {
		v := PointValue{Name: values[0]}
		if len(values) > 1 {
			km, ok := kilometres(values[1])
			if !ok || len(values) > 2 {
				return v, wrong
			}
			v.Km = km
		}
		return v, nil
	}
	if len(values) < 2 || len(values) > 3 {
		return PointValue{}, wrong
	}
	second, ok := degrees(values[1])
	if !ok || math.Abs(first) > 90 || math.Abs(second) > 180 {
		return PointValue{}, wrong
	}
	v := PointValue{Lat: first, Lon: second}
	if len(values) == 3 {
		if v.Km, ok = kilometres(values[2]); !ok {
			return PointValue{}, wrong
		}
	}
	return v, nil
}

func degrees(s string) (float64, bool) {
	if s == "" || len(s) > 24 || strings.Trim(s, "+-0123456789.") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

// kilometres reads "5", "5km" and "0.5 km".
func kilometres(s string) (float64, bool) {
	x, ok := degrees(strings.TrimSpace(strings.TrimSuffix(strings.ToLower(s), "km")))
	return x, ok && x > 0 && x <= 20_000
}
