//go:build unix

package dbtest

import "syscall"

// separateProcessGroup starts a process in its own group, so that Ctrl-C does not reach it.
func separateProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
