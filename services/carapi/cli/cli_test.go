package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"carstock/pkg/dbconn"
	"carstock/pkg/dbconn/dbtest"
	"carstock/services/carapi/cli"
)

const key = "a-key-for-the-tests"

// program is a whole carapi that runs in this process.
type program struct {
	url  string
	log  *dbtest.Log
	stop func() int // returns the exit code
}

// setup sets the environment of a program: the database c, a free port, and no other settings.
func setup(t *testing.T, c dbconn.Config) {
	t.Helper()
	t.Chdir(t.TempDir()) // a folder without .env
	dbtest.Setenv(t, c)
	t.Setenv("API_KEY", key)
	t.Setenv("API_KEYS", "")
	t.Setenv("API_KEYS_FILE", "")
	t.Setenv("HTTP_ADDR", "127.0.0.1:0")
	t.Setenv("CARS_TABLE", "")
	t.Setenv("QUERY_TIMEOUT", "2m") // so that tests pass on a slow machine
	t.Setenv("METRICS_ADDR", "off") // otherwise programs side by side would need the same port
	t.Setenv("RATE_LIMIT", "off")
	for _, name := range []string{
		"CORS_ORIGINS", "SOURCE", "SNAPSHOT_PATH", "SNAPSHOT_TABLE", "STALE_MAX_AGE", "TRUSTED_PROXIES", "MAX_IN_FLIGHT",
		"LOG_LEVEL", "LOG_FORMAT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
	} {
		t.Setenv(name, "")
	}
}

var listening = regexp.MustCompile(`"listening","address":"([^"]+)"`)

// start runs carapi until stop, or until the test ends, and waits until it listens.
func start(t *testing.T, args ...string) program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p, exit := program{log: &dbtest.Log{}}, make(chan int, 1)
	go func() { exit <- cli.Run(ctx, args, io.Discard, p.log) }()
	p.stop = sync.OnceValue(func() int {
		cancel()
		return <-exit
	})

	t.Cleanup(func() { p.stop() })
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if m := listening.FindStringSubmatch(p.log.String()); m != nil {
			p.url = "http://" + m[1]
			return p
		}
		select {
		case code := <-exit:
			exit <- code // which stop reads
			t.Fatalf("exit code %d: %s", code, p.log)
		default:
		}
	}

	t.Fatalf("not listening: %s", p.log)
	return p
}

// do sends a request with the key and further headers, given as pairs. It returns the response and its body.
func (p program) do(t *testing.T, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, p.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}

	r.Header.Set("X-API-Key", key)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}

	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}

	return res, string(body)
}

type answer struct {
	Cars     []map[string]any
	Returned int
	Total    int
	HasMore  bool `json:"has_more"`
	Applied  struct{ Limit int }
}

// search returns the answer to a search.
func (p program) search(t *testing.T, query string) answer {
	t.Helper()
	res, body := p.do(t, "GET", "/cars/?"+query)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%s: %d %v %s", query, res.StatusCode, res.Header, body)
	}

	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v: %s", query, err, body)
	}

	if len(a.Cars) != a.Returned {
		t.Errorf("%s: %d cars, returned %d", query, len(a.Cars), a.Returned)
	}

	return a
}

// demo starts carapi over the demo's database. The connection is that of an administrator.
func demo(t *testing.T) (program, *sqlx.DB) {
	t.Helper()
	admin := dbtest.Demo(t)
	c := admin
	c.User, c.Password = "carapi", "carapi-demo"
	setup(t, c)
	return start(t), dbtest.Open(t, admin)
}

// All settings may be in a file. A variable of the environment wins, unless it is empty.
func TestSettingsInAFile(t *testing.T) {
	setup(t, dbconn.Config{})
	stock, _ := dbtest.SQLite(t, "CREATE TABLE autos (id INTEGER PRIMARY KEY, make TEXT, model TEXT)",
		"INSERT INTO autos VALUES (7, 'Kia', 'Rio')")
	t.Setenv("API_KEY", "")
	file := filepath.Join(t.TempDir(), "carapi.ini")
	text := "query_timeout = 0s\n[db]\ndriver = sqlite\npath = " + stock.Path +
		"\n[api]\nkey = " + key + "\n[cars]\ntable = autos\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	p := start(t, "--config", file)
	if a := p.search(t, "make=kia"); a.Returned != 1 || a.Cars[0]["id"] != 7.0 {
		t.Errorf("%+v", a)
	}
}

func TestSearch(t *testing.T) {
	p, db := demo(t)
	for query, where := range map[string]string{
		"limit=100&view=summary":            "id <= 10000",
		"make=Toyota&limit=100":             "make = 'Toyota'",
		"make=tOYOTA&model=camry&limit=100": "make = 'Toyota' AND model = 'Camry'",
		"make=Toyota&model=Camry&year=2023": "make = 'Toyota' AND model = 'Camry' AND year = 2023",
		"model=f150&limit=100":              "model = 'F-150'",
		"make=citroen&limit=100":            "make = 'Citroën'",
		"make=%C5%A0KODA&limit=100":         "make = 'Škoda'",
		"color=black&price_max=20000.50":    "exterior_color LIKE 'Black' AND price <= 20000.50",
		"year_min=2020&year_max=2021":       "year BETWEEN 2020 AND 2021",
		"price_min=30000&mileage_max=20000": "price >= 30000 AND mileage <= 20000",
		"make=Trabant":                      "1 = 0",
		"make=Toyota&price_max=-1":          "1 = 0",
		"make=%27%20OR%201%3D1%20--":        "1 = 0",
	} {
		var want []int64
		if err := db.Select(&want, "SELECT id FROM vehicles_stock WHERE "+where+" ORDER BY id"); err != nil {
			t.Fatal(err)
		}
		a := p.search(t, query)
		shown := want[:min(len(want), a.Applied.Limit)]
		if a.Returned != len(shown) || a.Total != len(want) || a.HasMore != (len(want) > a.Applied.Limit) {
			t.Errorf("%s: %d cars, has_more %v; there are %d", query, a.Returned, a.HasMore, len(want))
			continue
		}
		for i, id := range shown {
			if a.Cars[i]["id"] != float64(id) {
				t.Errorf("%s: car %d has id %v, want %d", query, i, a.Cars[i]["id"], id)
			}
		}
	}

	if p.search(t, "make=Toyota&model=Camry&year=2023").Returned == 0 {
		t.Error("the demo has no Toyota Camry of 2023")
	}

	car := p.search(t, "limit=1").Cars[0]
	if _, ok := car["features"].([]any); !ok {
		t.Errorf("features are not JSON: %v", car["features"])
	}

	if _, ok := car["color"]; !ok || car["exterior_color"] != nil {
		t.Errorf("exterior_color is not shown as color: %v", car)
	}

	if at, _ := car["updated_at"].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(at) {
		t.Errorf("updated_at is %v", car["updated_at"])
	}

	// carapi finds a new make in stock without a restart.
	if _, err := db.Exec("UPDATE vehicles_stock SET make = 'Trabant' ORDER BY id LIMIT 1"); err != nil {
		t.Fatal(err)
	}

	deadline := time.Now().Add(5 * time.Minute)
	for p.search(t, "make=trabant").Returned != 1 {
		if time.Now().After(deadline) {
			t.Fatal("the new make is not found")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A compressed connection for reading the index changes no answer.
func TestIndexReadCompressed(t *testing.T) {
	plain, _ := demo(t)
	const everything = "/cars/?limit=100&include_total=true&facets=make,color"
	_, want := plain.do(t, "GET", everything)
	plain.stop()
	t.Setenv("DB_COMPRESSION", "zlib")
	_, got := start(t).do(t, "GET", everything)

	asOf := regexp.MustCompile(`"as_of":"[^"]*"`)
	want, got = asOf.ReplaceAllString(want, ""), asOf.ReplaceAllString(got, "")
	if !strings.Contains(want, `"total":600`) || got != want {
		t.Errorf("without: %.500s\nwith: %.500s", want, got)
	}
}

func TestAnswersAndProblems(t *testing.T) {
	p, _ := demo(t)
	for _, test := range []struct {
		method, path string
		header       []string
		status       int
		want         string // in the body
	}{
		{"GET", "/livez", []string{"X-API-Key", ""}, 200, `"live"`},
		{"GET", "/readyz", []string{"X-API-Key", ""}, 200, `"ready"`},
		{"GET", "/cars?limit=1", nil, 200, `"returned":1`},
		{"HEAD", "/cars/", nil, 200, ""},
		{"GET", "/cars/1", nil, 200, `"id":1,`},
		{"GET", "/cars/99999999", nil, 404, `no vehicle has the id \"99999999\"`},
		{"GET", "/cars/1abc", nil, 404, `1abc`},
		{"GET", "/cars/1%20OR%201=1", nil, 404, `1 OR 1=1`},
		{"GET", "/cars/%2531", nil, 404, `\"%31\"`},
		{"GET", "/cars/+1", nil, 404, `\"+1\"`},
		{"GET", "/cars/01", nil, 404, `\"01\"`},
		{"GET", "/cars/1?x=y", nil, 400, "; send none but fields or match"},
		{"GET", "/nowhere", nil, 404, "no such resource"},
		{"GET", "/docs/nowhere.js", nil, 404, "no such resource"},
		{"POST", "/cars/", nil, 405, "POST is not possible"},
		{"DELETE", "/cars/1", nil, 405, "DELETE"},
		{"GET", "/cars/", []string{"X-API-Key", ""}, 401, "X-API-Key"},
		{"GET", "/cars/", []string{"X-API-Key", key + "x"}, 401, "X-API-Key"},
		{"GET", "/cars/1", []string{"X-API-Key", "wrong"}, 401, "X-API-Key"},
		{
			"GET", "/cars/?colr=red", nil, 400,
			`"parameter":"colr","received":"red","expected":"there is no parameter \"colr\"; did you mean color`,
		},
		{"GET", "/cars/?limit=1000", nil, 400, `"expected":"limit must be a whole number from 1 to 100"`},
		{"GET", "/cars/?limit=0", nil, 400, "limit"},
		{"GET", "/cars/?year=new", nil, 400, "a number such as 2018, a range such as 2018-2022"},
		{"GET", "/cars/?price_min=0x10", nil, 400, "a number"},
		{"GET", "/cars/?price_max=1e999", nil, 400, "a number"},
		{"GET", "/cars/?make=&match=exact", nil, 400, "make has an empty value; send a value, or leave it out"},
		{"GET", "/cars/?limit=1&limit=2", nil, 400, "limit is given 2 times; send it once"},
		{"GET", "/cars/?make=%zz", nil, 400, "malformed"},
		{"GET", "/cars/?make=a;b", nil, 400, "malformed"},
		{"GET", "/cars/?zip=1&limit=x&year=y", nil, 400, `"parameter":"zip"`},
		{"GET", "/cars/?zip=1&limit=x&year=y", nil, 400, `"parameter":"year"`},
		{"GET", "/cars/?make=%00", nil, 200, `"cars":[]`},
		{"GET", "/cars/?make=%ff%fe", nil, 400, "a value of make is not valid UTF-8"},
	} {
		res, body := p.do(t, test.method, test.path, test.header...)
		if res.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", test.method, test.path, res.StatusCode, body, test.status, test.want)
		}
		if res.StatusCode >= 400 && test.method != "HEAD" {
			checkProblem(t, test.method+" "+test.path, res, body)
		}
	}

	res, _ := p.do(t, "GET", "/cars/", "X-Request-ID", "from-the-caller.1")
	if res.Header.Get("X-Request-ID") != "from-the-caller.1" {
		t.Errorf("the answer does not have the caller's request id")
	}

	res, _ = p.do(t, "GET", "/cars/", "X-Request-ID", `"},{"x`)
	if id := res.Header.Get("X-Request-ID"); len(id) < 20 {
		t.Errorf("request id %q", id)
	}

	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}

	checkLog(t, p.log.String())
}

// checkLog checks that the log is JSON, has the request id of TestAnswersAndProblems, and has no secrets.
func checkLog(t *testing.T, log string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}

	if !strings.Contains(log, `"request_id":"from-the-caller.1"`) {
		t.Errorf("the log lacks the request id: %s", log)
	}

	if strings.Contains(log, key) || strings.Contains(log, "carapi-demo") {
		t.Errorf("the log has a secret: %s", log)
	}
}

// checkProblem checks that an error has the form of RFC 9457, and the headers of its status.
func checkProblem(t *testing.T, request string, res *http.Response, body string) {
	t.Helper()
	var problem struct {
		Type, Title, Detail, Instance string
		Status                        int
		RequestID                     string `json:"request_id"`
	}

	err := json.Unmarshal([]byte(body), &problem)
	if err != nil || res.Header.Get("Content-Type") != "application/problem+json" || problem.Status != res.StatusCode ||
		problem.Title != http.StatusText(res.StatusCode) || problem.Detail == "" || problem.Instance == "" ||
		problem.RequestID == "" || problem.RequestID != res.Header.Get("X-Request-ID") {
		t.Errorf("%s: not a problem of RFC 9457: %s, %v", request, body, err)
	}

	if res.StatusCode == 405 && res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%s: Allow is %q", request, res.Header.Get("Allow"))
	}

	if res.StatusCode == 401 && res.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: no WWW-Authenticate", request)
	}
}

func TestDatabaseGone(t *testing.T) {
	server := dbtest.NewServer(t)
	c := server.Database(t)
	const table = "CREATE TABLE vehicles_stock (id INT PRIMARY KEY, make VARCHAR(9), model VARCHAR(9))"
	if _, err := dbtest.Open(t, c).Exec(table); err != nil {
		t.Fatal(err)
	}

	setup(t, c)
	t.Setenv("QUERY_TIMEOUT", "2s")
	p := start(t)
	waitReadyz := func(status int) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); ; {
			if res, body := p.do(t, "GET", "/readyz"); res.StatusCode == status {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("/readyz did not become %d: %s", status, body)
			}
		}
	}

	waitReadyz(200)

	checkUnavailable := func(state string) {
		t.Helper()
		for _, path := range []string{"/cars/", "/cars/?make=Kia", "/cars/1", "/readyz"} {
			res, body := p.do(t, "GET", path)
			// A search cannot know whether a silent server is down or slow.
			isExpected := res.StatusCode == 503 || res.StatusCode == 504 && path != "/readyz"
			if !isExpected || strings.Contains(body, "127.0.0.1") || strings.Contains(body, "SELECT") {
				t.Errorf("%s, %s: %d %s", state, path, res.StatusCode, body)
			}
		}
		if res, _ := p.do(t, "GET", "/livez"); res.StatusCode != 200 {
			t.Errorf("%s: /livez: %d", state, res.StatusCode)
		}
	}

	if err := server.Process(t).Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}

	waitReadyz(503) // the threads of the server do not all stop at once
	checkUnavailable("hung")

	if err := server.Process(t).Kill(); err != nil {
		t.Fatal(err)
	}

	checkUnavailable("gone")
}

func TestSQLite(t *testing.T) {
	file, _ := dbtest.SQLite(t,
		"CREATE TABLE autos (nr INTEGER PRIMARY KEY, id TEXT, brand TEXT, model TEXT, model_year INTEGER, "+
			"selling_price NUMERIC, x BLOB)",
		"INSERT INTO autos VALUES (1, 'a/1', 'Citroën', 'C3', 2020, 9999.50, x'00ff'), "+
			"(2, 'b', 'CITROEN', 'C4', NULL, NULL, NULL)")
	setup(t, file)
	t.Setenv("CARS_TABLE", "autos")
	p := start(t)
	_, body := p.do(t, "GET", "/cars/?make=citroen")
	want := `{"cars":[{"nr":1,"id":"a/1","make":"Citroën","model":"C3","year":2020,"price":9999.5},` +
		`{"nr":2,"id":"b","make":"CITROEN","model":"C4","year":null,"price":null}],` +
		`"returned":2,"total":2,"has_more":false,"next":null,"next_cursor":null,` +
		`"summary":"2 CITROEN, 2020, price 9,999.50",` +
		`"applied":{"make":["CITROEN"],"match":"smart","sort":"id","limit":20,"max_chars":90000,"include_total":true},` +
		`"source":"live","as_of":"`
	if !strings.HasPrefix(body, want) {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}

	if _, body := p.do(t, "GET", "/cars/a%2F1"); !strings.Contains(body, `"id":"a/1"`) {
		t.Errorf("got %s", body)
	}

	res, body := p.do(t, "GET", "/cars/?mileage_max=1")
	if res.StatusCode != 400 || !strings.Contains(body, `there is no parameter \"mileage_max\"; leave it out`) {
		t.Errorf("a parameter without a column: %s", body)
	}
}

// environ holds variables of the environment.
type environ = map[string]string

func TestMistakes(t *testing.T) {
	c := dbtest.Demo(t)
	c.User, c.Password = "carapi", "carapi-demo"
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, test := range map[string]struct {
		set  environ
		args []string
		code int
		want []string
	}{
		"no key":    {set: environ{"API_KEY": ""}, code: 2, want: []string{"API_KEY: not set", "openssl rand"}},
		"short key": {set: environ{"API_KEY": "hunter2"}, code: 2, want: []string{"API_KEY: 7 characters: at least 16"}},
		"all at once": {
			set:  environ{"API_KEY": "", "DB_NAME": "", "QUERY_TIMEOUT": "x"},
			code: 2,
			want: []string{"API_KEY", "DB_NAME", "QUERY_TIMEOUT"},
		},
		"table": {
			set:  environ{"CARS_TABLE": "nowhere"},
			code: 1,
			want: []string{"CARS_TABLE: nowhere: no such table", "vehicles_stock"},
		},
		"no right":    {set: environ{"CARS_TABLE": "dealers"}, code: 1, want: []string{"CARS_TABLE: dealers"}},
		"port":        {set: environ{"HTTP_ADDR": taken.Addr().String()}, code: 1, want: []string{"HTTP_ADDR", "is taken"}},
		"address":     {set: environ{"HTTP_ADDR": "8080"}, code: 2, want: []string{"HTTP_ADDR", "host:port"}},
		"port number": {set: environ{"HTTP_ADDR": "127.0.0.1:99999"}, code: 2, want: []string{"HTTP_ADDR", "host:port"}},
		"blank key": {
			set:  environ{"API_KEY": "hunter2 hunter2 hunter2"},
			code: 2,
			want: []string{"API_KEY", "without spaces"},
		},
		"check without the file": {
			set:  environ{"SOURCE": "snapshot", "SNAPSHOT_PATH": "nowhere.db"},
			args: []string{"check"},
			code: 1,
			want: []string{"nowhere.db", "check SNAPSHOT_PATH, and that syncer has run"},
		},
		"config file": {args: []string{"--config", "nowhere.ini"}, code: 2, want: []string{"nowhere.ini"}},
		"argument":    {args: []string{"serv"}, code: 2, want: []string{"serv"}},
	} {
		t.Run(name, func(t *testing.T) {
			setup(t, c)
			for k, v := range test.set {
				t.Setenv(k, v)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var out bytes.Buffer
			code := cli.Run(ctx, test.args, &out, &out)
			if code != test.code {
				t.Errorf("exit code %d, want %d: %s", code, test.code, &out)
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

// A carapi that is stopped before it is ready has done nothing wrong.
func TestStoppedWhileStarting(t *testing.T) {
	setup(t, dbtest.Demo(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if code := cli.Run(ctx, nil, &out, &out); code != 0 || strings.Contains(out.String(), "carapi:") {
		t.Errorf("exit code %d: %s", code, &out)
	}
}

// carapi status is the health check of the container.
func TestStatus(t *testing.T) {
	setupFile(t)
	p := start(t)
	status := func(addr string) (code int, out string) {
		var b strings.Builder
		t.Setenv("HTTP_ADDR", addr)
		code = cli.Run(t.Context(), []string{"status"}, &b, &b)
		return code, b.String()
	}

	_, port, _ := strings.Cut(strings.TrimPrefix(p.url, "http://"), ":")
	for _, addr := range []string{"127.0.0.1:" + port, ":" + port, "0.0.0.0:" + port} {
		if code, out := status(addr); code != 0 || !strings.HasPrefix(out, "live      up") {
			t.Errorf("%s: exit code %d: %s", addr, code, out)
		}
	}

	p.stop()
	if code, out := status("127.0.0.1:" + port); code != 1 || !strings.Contains(out, "no carapi answers") {
		t.Errorf("nobody listens: exit code %d: %s", code, out)
	}

	if code, out := status("nonsense"); code != 2 || !strings.Contains(out, "HTTP_ADDR") {
		t.Errorf("a wrong address: exit code %d: %s", code, out)
	}
}

func TestVersion(t *testing.T) {
	var b strings.Builder
	code := cli.Run(t.Context(), []string{"version"}, &b, &b)
	if code != 0 || !strings.HasPrefix(b.String(), "carapi ") || !strings.Contains(b.String(), "SQLite 3.") {
		t.Errorf("exit code %d: %s", code, b.String())
	}
}
