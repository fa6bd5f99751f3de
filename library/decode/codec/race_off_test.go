//go:build !race

package codec

// raceDetector tells that children run under the race detector.
const raceDetector = false
