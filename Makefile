# Descry's build. The two commands to know are `make run` and `make test`; both install
# what they need. CONTRIBUTING.md explains the rest.

GO      ?= go
BUILD   := build
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The program people use: a real window, so Fyne's GL binding is compiled (about four
# minutes the first time on two cores). `nodynamic` keeps the bundled HEIC decoder from
# loading a libheif of the system into the program itself: the decoders' processes do that.
TAGS      := sqlite_fts5,nodynamic
# Checks and tests: `ci` leaves Fyne's window driver out, so they compile without GL.
TEST_TAGS := sqlite_fts5,ci,nodynamic

# Tools run straight from the module proxy. Versions are exact: `@latest` may answer with
# an older one behind a caching proxy.
GOFUMPT     := mvdan.cc/gofumpt@v0.10.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

# The packages of the models' authors, in which models are exported and compared.
PYTHON := $(BUILD)/py/bin/python

# How long each fuzz target runs in `make test`; `make fuzz FUZZTIME=10m` digs deeper.
FUZZTIME ?= 3s

LDFLAGS := -X main.version=$(VERSION)

export GOFLAGS := -buildvcs=false $(filter-out -buildvcs=%,$(GOFLAGS))
export GO TEST_TAGS FUZZTIME GOFUMPT STATICCHECK GOVULNCHECK

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## install what is missing, build, and open the window on the sample photos
	@scripts/run

.PHONY: build
build: go-version ## build/descry with the runtime library beside it (needs no display)
	@scripts/install-deps window
	@$(MAKE) --no-print-directory runtime binary

.PHONY: binary
binary:
	$(GO) build -tags $(TAGS) -ldflags '$(LDFLAGS)' -o $(BUILD)/descry .

# The same program without a window driver: everything but opening a window works, and
# nothing of GL is compiled.
.PHONY: binary-headless
binary-headless:
	$(GO) build -tags $(TEST_TAGS) -ldflags '$(LDFLAGS)' -o $(BUILD)/descry .

.PHONY: runtime
runtime: ## fetch the ONNX Runtime library into build/ (pinned, digest checked)
	@scripts/fetch-runtime $(BUILD)

.PHONY: runtime-gpu
runtime-gpu: ## fetch the ONNX Runtime library with CUDA into build/gpu/ (250 MB; see docs/devices.md)
	@scripts/fetch-runtime $(BUILD) gpu

.PHONY: go-version
go-version:
	@scripts/check-go

.PHONY: test
test: go-version ## everything CI checks
	@scripts/test

.PHONY: lint
lint: ## formatting, vet, staticcheck
	@scripts/test format vet staticcheck

.PHONY: unit
unit: ## the Go tests alone, without and with the race detector
	@scripts/test unit race

.PHONY: soak
soak: go-version runtime ## use the program at random for long and compare it with what must be: make soak FOR=8h [SEED=N]
	@scripts/install-deps test
	@FOR=$(or $(FOR),1h) SEED=$(SEED) scripts/test soak

.PHONY: faults
faults: go-version ## kill processes, cut power and fill disks at many more points than make test does (half an hour)
	@scripts/install-deps test
	$(GO) test -count=1 -v -timeout 0 -tags $(TEST_TAGS) ./internal/faults -times $(or $(TIMES),10)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each
	@scripts/test fuzz

.PHONY: window-test
window-test: build ## drive the real window on a virtual screen
	@scripts/install-deps test
	@scripts/test window

.PHONY: python
python: ## install the packages of the models' authors into build/py, for exporting and comparing (some GB)
	@test -x $(PYTHON) || python3 -m venv $(BUILD)/py
	@$(PYTHON) -m pip install --quiet -r tools/export/requirements.txt

.PHONY: parity
parity: go-version runtime python ## pixels, token numbers, tensors and vectors against the Python originals; every architecture with random weights (hours; ONLY="RN50 ViT-B-16": some), and docs/parity.md
	@scripts/install-deps build
	$(GO) test -count=1 -v -tags $(TEST_TAGS) -run 'Match(es)?(Python|CLIPs|Fixtures|ItsFixtures)|OfTheOriginal|OfPillow|PlantedFaults' \
		./clipengine/... ./internal/acceptance/... ./internal/parity/...
	$(PYTHON) -W ignore tools/parity $(if $(ONLY),--only $(ONLY))

.PHONY: quality
quality: go-version runtime ## how well search, tags and duplicates do, on the samples and on ../shared
	@scripts/install-deps build
	$(GO) test -count=1 -v -timeout 30m -tags $(TEST_TAGS) -run Quality ./tagging/...
	$(GO) test -count=1 -v -timeout 60m -tags $(TEST_TAGS) -run 'Quality|SearchFinds|SearchAmong' ./internal/acceptance -full

.PHONY: bench
bench: go-version runtime ## measure what is promised of speed and memory, and write docs/performance.md (some minutes)
	@scripts/install-deps build
	$(GO) build -tags $(TEST_TAGS) -o $(BUILD)/bench ./tools/bench
	$(BUILD)/bench -write docs/performance.md

.PHONY: bench-peers
bench-peers: go-version runtime python ## Descry's engine beside Python ONNX Runtime, PyTorch and rclip, in one run; installs them into build/ (some GB), writes docs/performance.md
	@scripts/install-deps build
	@test -x $(BUILD)/peers/rclip/bin/python || python3 -m venv $(BUILD)/peers/rclip
	$(BUILD)/peers/rclip/bin/pip install --quiet -r tools/peers/requirements.txt
	$(GO) build -tags $(TEST_TAGS) -o $(BUILD)/peers/run ./tools/peers
	$(BUILD)/peers/run -python $(PYTHON) -write docs/performance.md

.PHONY: bench-parts
bench-parts: go-version runtime ## how fast single parts are on this machine (Go benchmarks)
	@scripts/install-deps build
	$(GO) test -tags $(TEST_TAGS) -run '^$$' -bench . -benchmem ./clipengine/... ./library/... ./tagging/... ./internal/...

.PHONY: vulncheck
vulncheck: ## known vulnerabilities in what is linked, where the database can be reached
	@scripts/test vulnerabilities

.PHONY: notices
notices: ## write THIRD_PARTY_NOTICES from what is linked and shipped
	$(GO) run ./tools/notices

.PHONY: screenshots
screenshots: build ## the pictures in docs/pictures, from the real program
	@scripts/install-deps test
	@scripts/screenshots

.PHONY: package
package: go-version runtime ## build/descry-VERSION-OS-ARCH.tar.xz: program, runtime, desktop entry, notices
	@scripts/install-deps window
	@scripts/package $(BUILD) $(VERSION)

.PHONY: clean
clean: ## remove build/ (the Go build cache stays)
	rm -rf $(BUILD)
