//go:build unix

package dbtest

import "syscall"

func separateProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
