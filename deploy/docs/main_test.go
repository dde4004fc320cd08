package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fence begins and ends a code block. It is a constant because raw strings cannot contain backticks.
const fence = "```"

// TestCheck checks a small repository whose page has one mistake of each kind.
func TestCheck(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{
		"Makefile":     "demo:\n\techo demo\n",
		"go/run.go":    "package run\n\nconst message = \"the disk is full\"\n\nfunc Start() {}\n",
		"settings.env": "SYNC_PATH=\n",
		"other.md":     "# A page\n\n## Keys, and secrets\n\n## Keys, and secrets\n",
		"bin/syncer":   "#!/bin/sh\necho\necho \"  syncer $1\"\necho --quiet\n",
		"bin/carapi":   "#!/bin/sh\n",
		"page.md": strings.ReplaceAll(`# Page

[good](other.md#keys-and-secrets-1), [folder](go), [host](https://example.com/), [bad](none.md), [anchor](other.md#none)

`+"`SYNC_PATH`, `SYNC_NONE`, `make demo`, `make none`, `run.go`, `none.go`"+`
`+"`syncer sync --quiet`, `syncer sync --none`"+`

'''sh
for f in *; do
'''

'''json
{"a": }
'''

'''json
{"shortened": ...}
'''

'''
no language
'''

| message | cure |
|---|---|
| `+"`the disk is full`"+` | |
| `+"`the disk is empty`"+` | |

| file | functions |
|---|---|
| [run.go](go/run.go) | `+"`Start`, `Stop`"+` |
`, "'''", fence),
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("git", "init", "--quiet", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	problems, err := check(root, filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"none.md leads to no file", "other.md#none leads to no heading", "nothing reads SYNC_NONE",
		"the Makefile has no target none", "syncer sync has no flag --none", "there is no file none.go",
		"sh cannot parse this", "invalid character", "a code block needs one of the languages",
		"no program says: the disk is empty", "the files of this row do not contain Stop",
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d: %q", len(problems), len(want), problems)
	}
	for _, w := range want {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, w) }) {
			t.Errorf("no problem %q in %q", w, problems)
		}
	}
}

func TestAnchor(t *testing.T) {
	var before []string
	for _, c := range []struct{ heading, want string }{
		{"Slow lines", "slow-lines"},
		{"carapi: the walk of a request", "carapi-the-walk-of-a-request"},
		{"What `_sync_runs` holds", "what-_sync_runs-holds"},
		{"Slow lines", "slow-lines-1"},
		{"Größe", "größe"},
	} {
		if got := anchor(c.heading, before); got != c.want {
			t.Errorf("%s: %s, want %s", c.heading, got, c.want)
		}
		before = append(before, c.want)
	}
}
