# carstock: `make help` lists the targets. Versions of the tools are pinned here, and those for manifests in
# deploy/kubernetes/check.sh.

GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.1.4
GOLANGCI_LINT := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

# Each folder with a go.mod. demodb and docs are outside go.work, so that their dependencies cannot change the
# versions that the services are built with.
MODULES := pkg services/syncer services/carapi services/e2e deploy/mysql/generate deploy/demodb deploy/demodb/regex \
	deploy/docs

# SQLite with what users build indexes and triggers from: full-text search, and floor(), sqrt() and their like.
TAGS := sqlite_fts5,sqlite_math_functions
export GOFLAGS += -tags=$(TAGS)

# What `syncer version` and `carapi version` print, in containers too.
export VERSION = $(shell git describe --tags --always --dirty 2>/dev/null)
export COMMIT = $(shell git rev-parse HEAD 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test test-work test-demodb test-browser pictures test-compose test-cluster test-systemd test-clients \
	soak lint check docs vulncheck build bench bench-api up down

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a database, a sync and the API on this machine, without Docker (ports: DEMO_DB_PORT, DEMO_HTTP_PORT)
	@deploy/demo.sh

# Many tests wait for a server most of the time, so more run at a time than there are cores.
# `make lint` vets.
TEST := go test -race -shuffle=on -vet=off -p 4 -parallel 6 -timeout 40m

test: ## the Go tests of all modules with the race detector, on a real MySQL or MariaDB
	@$(MAKE) --no-print-directory -j 2 test-work test-demodb

test-work: # the package that takes longest begins first
	deploy/testdb.sh $(TEST) carstock/services/syncer/cli work
	$(subst -race ,,$(TEST)) -run Loops carstock/services/carapi/internal/index # 100,000 searches against plain loops

test-demodb:
	cd deploy/demodb && GOWORK=off $(TEST) ./...
	cd deploy/docs && GOWORK=off $(TEST) ./...

test-browser: ## the pages of syncer and carapi in a real browser (BROWSER_SHOTS=FOLDER keeps pictures)
	deploy/testdb.sh --with-browser go test -count=1 -tags browser,$(TAGS) -run Page -timeout 20m carstock/services/e2e

pictures: ## deploy/pictures: the status page and carapi's /docs, as the docs show them
	shots=$$(mktemp -d) && trap 'rm -rf "$$shots"' EXIT && \
		BROWSER_SHOTS=$$shots $(MAKE) --no-print-directory test-browser && \
		cp "$$shots/status.png" "$$shots/docs.png" deploy/pictures/

test-compose: ## the containers of docker-compose.yml, with MySQL and without
	deploy/test-compose.sh

test-cluster: ## three Galera nodes behind HAProxy: searches while a node is killed (root on Debian)
	deploy/test-cluster.sh

test-systemd: ## deploy/systemd/README.md in a container with systemd, MariaDB and cron (root on Debian)
	deploy/test-systemd.sh

test-clients: bin/clients/ready ## carapi with MCP clients, Ajv and validators of OpenAPI (SCHEMATHESIS_SECONDS)
	deploy/test-clients.sh

# Node comes from PyPI, as the Inspector needs a newer one than Debian has.
CLIENTS := services/e2e/testdata/clients
bin/clients/ready: $(CLIENTS)/requirements.txt $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	python3 -m venv bin/clients && bin/clients/bin/pip install --quiet --requirement $<
	cd $(CLIENTS) && PATH=$(CURDIR)/bin/clients/bin:$$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

soak: ## kills syncer 100 times, makes 500 runs, and reads the file all the time (SOAK_KILLS, SOAK_RUNS)
	SOAK_KILLS=$${SOAK_KILLS:-100} SOAK_RUNS=$${SOAK_RUNS:-500} deploy/testdb.sh \
		go test -count=1 -v -run 'Killed|Readers|StaysFlat' -timeout 180m carstock/services/syncer/cli

lint: $(GOLANGCI_LINT) ## golangci-lint over all modules
	@for m in $(MODULES); do echo "lint $$m"; \
		(cd $$m && GOWORK=off $(CURDIR)/$(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

$(GOLANGCI_LINT):
	GOWORK=off GOBIN=$(CURDIR)/bin \
		go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv bin/golangci-lint $@

check: ## modules are tidy, programs build, generated files are up to date; pages, scripts, manifests, alerts
	@for m in $(MODULES); do echo "check $$m"; (cd $$m && GOWORK=off go mod tidy -diff) || exit 1; done
	go mod verify && cd deploy/demodb && GOWORK=off go mod verify
	go build work && go vet -tags=browser,cluster,$(TAGS) carstock/services/e2e
	for s in syncer carapi; do (cd services/$$s && GOWORK=off go build -o /dev/null .) || exit 1; done
	cd deploy/mysql/generate && go run . | cmp - ../02-stock.sql
	deploy/docs.sh --check
	for s in deploy/*.sh deploy/*/*.sh; do sh -n $$s || exit 1; done
	deploy/kubernetes/check.sh
	deploy/prometheus/check.sh

docs: ## the tables of settings in the pages of both programs
	deploy/docs.sh

vulncheck: ## govulncheck over all modules; it needs vuln.go.dev
	@for m in $(MODULES); do echo "vulncheck $$m"; \
		(cd $$m && GOWORK=off go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...) || exit 1; done

build: ## bin/syncer and bin/carapi
	go build -trimpath -o bin/ \
		-ldflags "-s -w -X carstock/pkg/program.version=$(VERSION) -X carstock/pkg/program.commit=$(COMMIT)" \
		./services/syncer ./services/carapi

bench: ## syncer compared with a pipeline of other tools, and with reading alone, 1,000,000 rows (BENCH_ROWS)
	deploy/testdb.sh --with-clients \
		go test -run '^$$' -bench BenchmarkSync -benchtime 1x -timeout 150m carstock/services/e2e

UVICORN := $(CURDIR)/bin/fastapi/bin/uvicorn --app-dir $(CURDIR)/services/e2e/testdata
bench-api: bin/fastapi/ready ## carapi beside its targets and FastAPI, 1,000,000 rows (BENCH_ROWS, BENCH_SECONDS)
	BENCH_FASTAPI=$${BENCH_FASTAPI-"$(UVICORN) --port \$$PORT --no-access-log --log-level warning fastapi_cars:app"} \
		deploy/testdb.sh go test -run '^$$' -bench BenchmarkAPI -benchtime 1x -timeout 150m carstock/services/e2e

bin/fastapi/ready: services/e2e/testdata/requirements.txt
	python3 -m venv bin/fastapi && bin/fastapi/bin/pip install --quiet --requirement $< && touch $@

up: ## MySQL, syncer and carapi in containers
	docker compose up --build --detach --wait
	@carapi=$$(docker compose port carapi 8080); \
	printf '%s\n' "All is up:" \
		"  carapi  http://$$carapi/docs to try it out; metrics at http://$$(docker compose port carapi 9091)/metrics" \
		"  syncer  http://$$(docker compose port syncer 9090)/ shows how fresh the snapshot is" \
		"  MySQL   $$(docker compose port mysql 3306), database vehicles_db" \
		"Search, with the demo's key of deploy/docker/secrets/api-keys:" \
		"  curl -H 'X-API-Key: demo-key-0123456789abcdef' 'http://$$carapi/cars/?make=Toyota&model=Camry&year=2023'"

down: ## stop them and remove their data
	docker compose --profile "*" down --volumes
