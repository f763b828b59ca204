//go:build !linux

package pipetest

import "time"

func block(d time.Duration) { time.Sleep(d) }
