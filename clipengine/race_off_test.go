//go:build !race

package clipengine_test

// raceDetector tells that the race detector takes memory of its own.
const raceDetector = false
