package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
)

// TestPages runs the commands on the pages against the demo's stock, and compares their output with the pages.
func TestPages(t *testing.T) {
	for _, tool := range []string{"curl", "jq", "sqlite3"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	root := dbtest.Root(t)
	mysql := dbtest.Demo(t)
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./services/syncer", "./services/carapi")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sqlite := copyAsDemo(t, mysql, root)
	url := serve(t, sqlite, "vehicles_view", "CARS_UNITS=mileage=mi")

	for _, page := range []string{"services/carapi/README.md", "services/syncer/README.md", "services/syncer/RECIPES.md"} {
		t.Run(page, func(t *testing.T) {
			s := shell{dir: t.TempDir(), url: url, env: pageEnvironment(mysql, bin, url)}
			s.mustRun(t, "mkdir -p data/demo && cp "+sqlite.Path+"* data/demo/")

			pairs := commandsWithOutput(t, filepath.Join(root, page))
			for _, p := range pairs {
				if got, _ := s.run(p.command); !p.matches(got) {
					t.Errorf("%s\nprints\n%s\nbut the page shows\n%s", p.command, got, p.output)
				}
			}
		})
	}
}

// copyAsDemo copies the stock like make demo: once, and again after the changes of deploy/mysql/later.
func copyAsDemo(t *testing.T, mysql dbconn.Config, root string) dbconn.Config {
	t.Helper()
	t.Setenv("SYNC_HISTORY", "90d")
	sqlite := copyViews(t, mysql, "vehicles_view(id)")
	scripts, err := filepath.Glob(filepath.Join(root, "deploy/mysql/later/*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	stock := &customSchema{mysql, dbtest.Open(t, mysql)}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range strings.SplitAfter(strings.TrimSpace(string(text)), ";\n") {
			stock.exec(t, statement)
		}
	}
	syncInto(t, mysql, "vehicles_view(id)", sqlite.Path)
	return sqlite
}

// pageEnvironment returns the environment in which readers run the commands of the pages.
func pageEnvironment(mysql dbconn.Config, bin, url string) []string {
	env := []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "API_KEY=" + apiKey,
		"HTTP_ADDR=" + strings.TrimPrefix(url, "http://"),
	}
	for name, value := range dbtest.Environ(mysql) {
		env = append(env, name+"="+value)
	}
	return env
}

// shell runs pasted commands.
type shell struct {
	dir string
	url string // of carapi; replaces the demo's URL
	env []string
}

func (s shell) run(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(command, "http://127.0.0.1:8080", s.url))
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s shell) mustRun(t *testing.T, command string) {
	t.Helper()
	if out, err := s.run(command); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// pair is a block of commands on a page, and the output in the next block.
type pair struct {
	command string
	output  string
	isJSON  bool
}

// pairOfBlocks matches two blocks with nothing between them. No line of the first begins with a backtick.
var pairOfBlocks = regexp.MustCompile("(?m)^```sh\n((?:[^`\n].*\n|\n)*)```\n\n```(text|json)\n((?:[^`\n].*\n|\n)*)```$")

func commandsWithOutput(t *testing.T, page string) (pairs []pair) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range pairOfBlocks.FindAllStringSubmatch(string(text), -1) {
		pairs = append(pairs, pair{command: m[1], output: m[3], isJSON: m[2] == "json"})
	}
	if len(pairs) == 0 {
		t.Fatal("the page shows no command with its output")
	}
	return pairs
}

var (
	lineBreaks = regexp.MustCompile(`\s*\n\s*`)
	spaces     = regexp.MustCompile(` +`)

	// changing matches what differs between runs: times, request ids, new keys, addresses, sizes and durations.
	changing = regexp.MustCompile(`127\.0\.0\.1:\d+/\w+|"request_id":"\w+"|\b[0-9a-f]{64}\b|` +
		`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|` +
		`\b\d+(?:\.\d+)? ?(?:[kMG]B|[KM]iB|m?s)\b|\b\d+(?:\.\d+)? (?:seconds?|minutes?) ago`)
)

// matches reports whether got is the output on the page. "..." on the page stands for any text, and the page may
// break JSON into lines.
func (p pair) matches(got string) bool {
	normalize := func(s string) string {
		if p.isJSON {
			s = lineBreaks.ReplaceAllString(s, "")
		}
		return spaces.ReplaceAllString(changing.ReplaceAllString(strings.TrimSpace(s), "#"), " ")
	}
	parts := strings.Split(normalize(p.output), "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`\A` + strings.Join(parts, `(?s:.*?)`) + `\z`).MatchString(normalize(got))
}
