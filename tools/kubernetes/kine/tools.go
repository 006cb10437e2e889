//go:build tools

// Package tools names the commands that this module builds, so that go.mod keeps their versions.
package tools

import (
	_ "github.com/k3s-io/kine"
)
