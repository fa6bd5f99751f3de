package convert

import (
	"errors"
	"math"
)

const (
	// most is the largest whole number that a weight becomes.
	most = 127
	// mostPair bounds the sum of two neighbours of one sign in a column: 255 × 128 is less
	// than 2^15. See the package's comment.
	mostPair = 128
)

// factors are the scales that are tried for a column, as multiples of the one at which its
// largest weight becomes 127. Larger ones leave pairs whole, smaller ones cut the largest
// weights off and keep the others more exact; which is best depends on the column.
var factors = []float64{most / 64.0, 1.75, 1.5, 1.35, 1.2, 1.1, 1, 0.9}

var errNotFinite = errors.New("some of its weights are infinite or not numbers")

// columns makes whole numbers, row by row, of a matrix of k rows and n columns, and the scale
// of each column. A transposed matrix lies column by column.
func columns(values []float32, k, n int, transposed bool) (whole []byte, scales []float32, err error) {
	scales = make([]float32, n)
	whole = make([]byte, len(values))
	column := make([]float64, k)
	numbers, best := make([]float64, k), make([]float64, k)
	for j := range n {
		largest := 0.0
		for i := range column {
			at := i*n + j
			if transposed {
				at = j*k + i
			}
			column[i] = float64(values[at])
			largest = max(largest, math.Abs(column[i]))
		}
		if !(largest <= math.MaxFloat32) {
			return nil, nil, errNotFinite
		}
		if scales[j] = 1; largest < 1e-30 {
			continue // a column of nothing
		}
		least := math.Inf(1)
		for _, f := range factors {
			scale := float32(largest / most * f)
			if e := round(numbers, column, float64(scale), least); e < least {
				least, scales[j] = e, scale
				numbers, best = best, numbers
			}
		}
		for i, v := range best {
			whole[i*n+j] = byte(int8(v))
		}
	}
	return whole, scales, nil
}

// round makes whole numbers of a column and returns the sum of squared errors, in which it
// stops where that reaches enough.
func round(numbers, column []float64, scale, enough float64) float64 {
	inverse, sum := 1/scale, 0.0
	enough *= inverse * inverse
	for i := 0; i < len(column); i += 2 {
		x, y := column[i]*inverse, 0.0
		if i+1 < len(column) {
			y = column[i+1] * inverse
		}
		a, b := pair(clip(math.RoundToEven(x)), clip(math.RoundToEven(y)))
		numbers[i] = a
		if i+1 < len(column) {
			numbers[i+1] = b
		}
		if sum += (a-x)*(a-x) + (b-y)*(b-y); sum >= enough {
			return math.Inf(1)
		}
	}
	return sum * scale * scale
}

func clip(v float64) float64 { return max(-most, min(most, v)) }

// pair takes from two numbers of one sign, half from each, what they are too large together.
func pair(a, b float64) (float64, float64) {
	if a*b <= 0 {
		return a, b
	}
	over := math.Abs(a+b) - mostPair
	if over <= 0 {
		return a, b
	}
	half := math.Floor(over / 2)
	rest := over - half
	if math.Abs(a) < math.Abs(b) {
		half, rest = rest, half
	}
	return a - math.Copysign(rest, a), b - math.Copysign(half, b)
}
