// Package rules holds the house rules that a machine can check; its tests are the checks.
package rules
