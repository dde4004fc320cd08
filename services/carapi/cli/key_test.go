package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carstock/services/carapi/cli"
)

// newKey calls carapi key new. It returns the key and the line to store.
func newKey(t *testing.T, args ...string) (secret, line string) {
	t.Helper()
	var out, problems bytes.Buffer
	code := cli.Run(t.Context(), append([]string{"key", "new"}, args...), &out, &problems)
	if code != 0 || problems.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &problems)
	}

	m := regexp.MustCompile(`(?m)^  (\S+)$`).FindAllStringSubmatch(out.String(), -1)
	if len(m) != 2 || strings.Count(out.String(), m[0][1]) != 1 {
		t.Fatalf("not a key and a line, each once: %s", &out)
	}

	return m[0][1], m[1][1]
}

func TestKeys(t *testing.T) {
	setupFile(t)
	file := filepath.Join(t.TempDir(), "keys")
	inFile, line := newKey(t, "in-file", "--expires", time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	if err := os.WriteFile(file, []byte("# partners\n"+line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	const plain, old = "a=plain@secret-0123456789", "an-old-secret-0123456789"
	hashed, line := newKey(t, "hashed")
	t.Setenv("API_KEYS", "plain="+plain+"; old="+old+"@2020-01-31\n"+line)
	t.Setenv("API_KEYS_FILE", file)
	p := start(t)

	status := func(want int, header ...string) string {
		t.Helper()
		return p.expectStatus(t, want, header...)
	}

	for _, secret := range []string{key, plain, hashed, inFile} {
		status(200, "X-API-Key", secret)
		status(200, "X-API-Key", "", "Authorization", "Bearer "+secret)
		status(200, "X-API-Key", "", "Authorization", "bEARER  "+secret)
	}

	status(200, "X-API-Key", key, "Authorization", "Bearer of-some-proxy")
	missing := status(401, "X-API-Key", "")
	for _, header := range [][]string{
		{"X-API-Key", "wrong"},
		{"X-API-Key", old},
		{"X-API-Key", line},
		{"X-API-Key", line[len("hashed="):]},
		{"X-API-Key", "wrong", "Authorization", "Bearer " + key},
		{"X-API-Key", "", "Authorization", "Bearer"},
		{"X-API-Key", "", "Authorization", "Basic " + key},
		{"X-API-Key", "", "Authorization", key},
	} {
		if body := status(401, header...); body != missing {
			t.Errorf("%q: the answer differs from that to a missing key:\n%s%s", header, body, missing)
		}
	}

	for _, name := range []string{"api_key", "X-API-Key", "access_token"} {
		if res, _ := p.do(t, "GET", "/cars/?"+name+"="+key, "X-API-Key", ""); res.StatusCode != 401 {
			t.Errorf("a key in the query: %d", res.StatusCode)
		}
		if res, body := p.do(t, "GET", "/cars/?"+name+"="+hashed); res.StatusCode != 400 {
			t.Errorf("a key in the query: %d %s", res.StatusCode, body)
		}
	}

	// The file changes while the program runs.
	later, line := newKey(t, "later")
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}

	p.waitForKey(t, later)
	status(401, "X-API-Key", inFile)
	status(200)
	p.do(t, "GET", "/cars/3")
	p.do(t, "GET", "/cars/400")
	p.do(t, "GET", "/livez")
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	log := p.log.String()
	checkLoggedRequests(t, log)
	for _, secret := range []string{key, plain, old, hashed, inFile, later, "sha256:"} {
		if strings.Contains(log, secret) {
			t.Errorf("the secret %s is in the log: %s", secret, log)
		}
	}

	if !strings.Contains(log, `"a key has expired","key":"old","last_day":"2020-01-31"`) {
		t.Errorf("no warning of the expired key: %s", log)
	}
}

// expectStatus checks the status of a search. It returns the body without its request id.
func (p program) expectStatus(t *testing.T, want int, header ...string) string {
	t.Helper()
	res, body := p.do(t, "GET", "/cars/?make=kia&limit=2", header...)
	if res.StatusCode != want {
		t.Errorf("%q: %d %s, want %d", header, res.StatusCode, body, want)
	}

	challenge := res.Header.Values("WWW-Authenticate")
	isChallenge := len(challenge) == 2 && strings.HasPrefix(challenge[0], "ApiKey ") &&
		challenge[1] == `Bearer realm="carapi"`
	if want == 401 && !isChallenge {
		t.Errorf("%q: WWW-Authenticate is %q", header, challenge)
	}

	return strings.Replace(body, res.Header.Get("X-Request-ID"), "ID", 1)
}

// waitForKey waits until a new key in the file is valid.
func (p program) waitForKey(t *testing.T, secret string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if res, _ := p.do(t, "GET", "/cars/", "X-API-Key", secret); res.StatusCode == 200 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the new key is not accepted")
		}
	}
}

// checkLoggedRequests checks that the log has the key and the number of rows of each request of TestKeys.
func checkLoggedRequests(t *testing.T, log string) {
	t.Helper()
	type entry struct {
		Msg, Path, Key      string
		Status, Rows, Bytes int
		Seconds             float64
		RequestID           string `json:"request_id"`
	}

	var seen []entry
	for line := range strings.Lines(log) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err, line)
		}
		if e.Msg != "request" {
			continue
		}
		if e.Bytes == 0 || e.Seconds <= 0 || e.RequestID == "" {
			t.Errorf("a request without bytes, time or id: %s", line)
		}
		seen = append(seen, entry{Path: e.Path, Key: e.Key, Status: e.Status, Rows: e.Rows})
	}

	for _, want := range []entry{
		{Path: "/cars/", Key: "default", Status: 200, Rows: 2},
		{Path: "/cars/", Key: "plain", Status: 200, Rows: 2},
		{Path: "/cars/", Key: "hashed", Status: 200, Rows: 2},
		{Path: "/cars/", Key: "in-file", Status: 200, Rows: 2},
		{Path: "/cars/", Key: "later", Status: 200, Rows: 20},
		{Path: "/cars/", Key: "old", Status: 401},
		{Path: "/cars/", Status: 401},
		{Path: "/cars/", Key: "default", Status: 400},
		{Path: "/cars/3", Key: "default", Status: 200, Rows: 1},
		{Path: "/cars/400", Key: "default", Status: 404},
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("the log lacks %+v", want)
		}
	}

	if slices.Contains(seen, entry{Path: "/livez", Status: 200}) {
		t.Error("the log has health checks that found nothing wrong")
	}
}

func TestKeyMistakes(t *testing.T) {
	setupFile(t)
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("a=hunter2\n\nhunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		set  environ
		args []string
		want []string
	}{
		"all at once": {
			set: environ{"API_KEYS": "hunter2;b=hunter2", "API_KEYS_FILE": file},
			want: []string{
				"API_KEYS: key 1: expected name=secret", "API_KEYS: key 2: 7 characters",
				file + ": line 1: 7 characters", file + ": line 3: expected name=secret",
			},
		},
		"no file":   {set: environ{"API_KEYS_FILE": file + ".not"}, want: []string{"API_KEYS_FILE", "no such file"}},
		"no name":   {args: []string{"key", "new"}, want: []string{"carapi key new NAME"}},
		"two names": {args: []string{"key", "new", "a", "b"}, want: []string{"carapi key new NAME"}},
		"bad name":  {args: []string{"key", "new", "a b"}, want: []string{`"a b": a key's name is 1 to 64 letters`}},
		"no day": {
			args: []string{"key", "new", "a", "--expires", ""},
			want: []string{`--expires "": expected a day such as`},
		},
		"bad day": {
			args: []string{"key", "new", "a", "--expires", "2027-02-30"},
			want: []string{"--expires", "expected a day such as"},
		},
		"past day": {
			args: []string{"key", "new", "a", "--expires", "2020-01-31"},
			want: []string{"--expires", "the day is past"},
		},
		"bad command": {args: []string{"key", "old"}, want: []string{"old"}},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range test.set {
				t.Setenv(k, v)
			}
			var out bytes.Buffer
			if code := cli.Run(t.Context(), test.args, &out, &out); code != 2 {
				t.Errorf("exit code %d: %s", code, &out)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in: %s", want, &out)
				}
			}
			if strings.Contains(out.String(), "hunter2") {
				t.Errorf("the key is shown: %s", &out)
			}
		})
	}
}
