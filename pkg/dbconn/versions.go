package dbconn

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// version is set by the linker for a release: -X carstock/pkg/dbconn.version=v1.2.3
var version string

// Versions says what a program has been built from: its release, or else its commit, Go, SQLite and the
// drivers of the databases.
func Versions(program string) string {
	sqlite, _, _ := sqlite3.Version()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fmt.Sprintf("%s %s, SQLite %s", program, cmp.Or(version, "of unknown version"), sqlite)
	}
	commit := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = "commit " + s.Value
		}
	}
	all := []string{program + " " + cmp.Or(version, commit, "of unknown version"), info.GoVersion, "SQLite " + sqlite}
	for _, d := range info.Deps {
		if d.Path == "github.com/go-sql-driver/mysql" || d.Path == "github.com/mattn/go-sqlite3" {
			all = append(all, strings.TrimPrefix(d.Path, "github.com/")+" "+d.Version)
		}
	}
	return strings.Join(all, ", ")
}
