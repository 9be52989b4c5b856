# `make help` lists the targets. Every tool is pinned in tools/go.mod and built by the go command itself.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

GO       ?= go
BIN      ?= bin/roster
VERSION  ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
USERS    ?= 100000
SEED     ?= 1
FUZZTIME ?= 30s
BENCH    ?= .
IMAGER   ?= docker
BENCHFLAGS ?=
KILLS    ?= 1000
ROUNDS   ?= 100
FAILOVERS ?= 5
CUTS     ?= 3000
PKG      ?= ./...

# A checkout that git refuses to read (another owner, no git at all) must still build.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

TOOL := $(GO) tool -modfile=tools/go.mod
LINT := $(TOOL) golangci-lint

# The race detector is for Go. SQLite and libc are C, translated: their memory is not on the Go heap, so that the detector
# ignores it, after each access has asked, which makes tests of stores take three times as long. PostgreSQL's parser, which
# a test uses, is WebAssembly that wazero compiles.
C_CODE := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false \
	-gcflags=github.com/tetratelabs/wazero/...=-race=false

# Tests of the program as a process of its own, of which the race detector would only see a client that reads and waits much.
APART := ^Test(ManyUsers|Kills|WebhookKills|KilledImport|Postgres)$$

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: USERS SEED (demo), FUZZTIME (fuzz), KILLS (kill), ROUNDS (linear), FAILOVERS CUTS (failover), BENCHFLAGS (bench), BENCH (bench-go), PKG (fuzz, bench-go), VERSION (build)"

.PHONY: build
build: ## compile the server and command line to bin/roster
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/roster

.PHONY: image
image: ## build the container image roster:VERSION, with docker or IMAGER=podman
	$(IMAGER) build -f packaging/Dockerfile --build-arg VERSION=$(VERSION) -t roster:$(VERSION) .

.PHONY: run
run: build ## serve the demo organization
	./$(BIN) demo

.PHONY: demo
demo: build ## serve a larger demo organization: USERS=100000 SEED=1
	./$(BIN) demo --users $(USERS) --seed $(SEED)

.PHONY: check
check: format-check vet lint ## what to run before a commit: formatting, vet, linters, tests (under two minutes)
	$(GO) test ./...

.PHONY: test
test: format-check vet lint tidy-check fresh ## what CI runs: check, tidy modules, fresh generated files, tests with -race
	@export CGO_ENABLED=1 failed=; \
	($(GO) test -vet=off -count=1 -timeout 15m -run '$(APART)' ./cmd/roster && $(MAKE) versions) & apart=$$!; \
	$(GO) test -race $(C_CODE) -vet=off -count=1 -timeout 15m -skip '$(APART)' ./... || failed=yes; \
	wait $$apart && [ -z "$$failed" ]

.PHONY: format
format: ## rewrite the sources in the project's formatting
	$(LINT) fmt

.PHONY: format-check
format-check:
	$(LINT) fmt --diff

.PHONY: vet
vet:
	$(GO) vet ./...

.PHONY: lint
lint: ## run the linters
	$(LINT) run

# The tests start PostgreSQL as it is installed, 15 in Debian 12; these are the later ones that Roster is said to run on.
VERSIONS := 16 17 18
POSTGRES := tools/postgres/node_modules

$(POSTGRES)/.package-lock.json: tools/postgres/package-lock.json
	npm ci --prefix tools/postgres --ignore-scripts --no-audit --no-fund --loglevel=error
	@for folder in $(POSTGRES)/postgres-*; do (cd $$folder && node scripts/hydrate-symlinks.js); done

.PHONY: versions
versions: $(POSTGRES)/.package-lock.json ## hold the store to its contract on PostgreSQL 16, 17 and 18
	@for version in $(VERSIONS); do \
		folder=$$(echo $(CURDIR)/$(POSTGRES)/postgres-$$version-*/native); echo "PostgreSQL $$version"; \
		ROSTER_TEST_POSTGRES=$$folder $(GO) test -vet=off -count=1 ./internal/store/postgres && \
		ROSTER_TEST_POSTGRES=$$folder $(GO) test -vet=off -count=1 -run Nodes ./internal/directory || exit 1; \
	done

.PHONY: tidy-check
tidy-check:
	$(GO) mod tidy -diff

.PHONY: generate
generate: ## rewrite the generated files
	$(GO) generate ./...

# The version of Scalar's API reference, and where npm finds it.
SCALAR  := 1.72.1
ASSETS  := internal/web/assets

.PHONY: vendor-docs
vendor-docs: ## fetch the script of the API references anew: SCALAR=1.72.1, then put the sum into the test
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	npm pack --silent --pack-destination "$$dir" '@scalar/api-reference@$(SCALAR)' >/dev/null; \
	tar -xzf "$$dir"/*.tgz -C "$$dir"; \
	gzip -9nc "$$dir/package/dist/browser/standalone.js" > $(ASSETS)/scalar.js.gz; \
	sha256sum < "$$dir/package/dist/browser/standalone.js"

.PHONY: compat
compat: ## check that no client of the last release breaks: api/released/README.md
	$(GO) test -count=1 -run 'Released|Gate' ./internal/dialect/all

# Sums instead of git: it says what generation changes, also in a tree with other changes or without git.
SUMS := find . -type f -not -path './.git/*' -not -path './bin/*' -not -path '*/node_modules/*' -exec cksum {} + | sort -k 3

.PHONY: fresh
fresh:
	@before=$$($(SUMS)); $(GO) generate ./...; after=$$($(SUMS)); \
	diff <(echo "$$before") <(echo "$$after") || \
		{ echo 'generated files were stale: commit what `make generate` writes' >&2; exit 1; }

.PHONY: bench
bench: build ## measure the program against its performance goals: BENCHFLAGS='--users 100000'
	./$(BIN) bench $(BENCHFLAGS)

.PHONY: bench-go
bench-go: ## run the Go benchmarks: BENCH=regexp PKG=./internal/index
	@packages=$$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' $(PKG)); \
	packages=$$(for dir in $$packages; do grep -lqs '^func Benchmark' $$dir/*_test.go && echo $$dir || true; done); \
	if [ -z "$$packages" ]; then echo 'no benchmarks in $(PKG)'; exit 0; fi; \
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $$packages

# `go test -list` prints the names of a package's targets, then "ok" and the package.
.PHONY: fuzz
fuzz: ## run every fuzz target in turn: FUZZTIME=30s PKG=./...
	@targets=$$($(GO) test -list '^Fuzz' $(PKG) | \
		awk '/^Fuzz/ { names[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, names[i]; n = 0 }'); \
	if [ -z "$$targets" ]; then echo 'no fuzz targets in $(PKG)'; exit 0; fi; \
	while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "$$package" </dev/null; \
	done <<< "$$targets"

.PHONY: kill
kill: ## kill the server at random points while it is written to: KILLS=1000
	$(GO) test -count=1 -timeout 0 -run '^Test(Webhook)?Kills$$' -v ./cmd/roster -kills $(KILLS) -webhook-kills $(KILLS)

.PHONY: linear
linear: ## hold the server to be linearizable for longer: ROUNDS=100
	$(GO) test -count=1 -timeout 0 -run '^TestLinearizable$$' -v ./test/linear -rounds $(ROUNDS) -ops 100

.PHONY: failover
failover: ## kill the leader of a replicated database again and again, and cut connections: FAILOVERS=5 CUTS=3000
	$(GO) test -count=1 -timeout 0 -v ./test/failover -failovers $(FAILOVERS) -cuts $(CUTS)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
