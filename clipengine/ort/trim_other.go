//go:build !linux

package ort

func trim() {}
