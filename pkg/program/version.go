package program

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// version and commit are set by the linker: -X carstock/pkg/program.version=v1.2.3. Go itself knows the commit if it
// builds in a git repository.
var version, commit string

// versionText returns the versions of a program: its release, its commit, Go, SQLite and the drivers of the databases.
func versionText(program string) string {
	sqlite, _, _ := sqlite3.Version()
	all := []string{program + " " + cmp.Or(version, "without a version")}

	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}

	// A commit that the linker has set comes before the one that Go knows.
	known := commit
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			known = cmp.Or(known, s.Value)
		}
	}

	all = append(all, "commit "+cmp.Or(known, "unknown"), runtime.Version(), "SQLite "+sqlite)
	for _, d := range info.Deps {
		if d.Path == "github.com/go-sql-driver/mysql" || d.Path == "github.com/mattn/go-sqlite3" {
			all = append(all, strings.TrimPrefix(d.Path, "github.com/")+" "+d.Version)
		}
	}

	return strings.Join(all, ", ")
}
