# Corallite. `make help` says what there is; `make demo` and `make test` do all the set-up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ENV := . .native/env &&

.PHONY: help setup build install uninstall sim demo test test-v3 race lint notices bench compare clean

help: ## what there is
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

setup: ## bring OpenCV's development files and the TensorFlow Lite library (quick when they are there)
	@scripts/setup

build: setup ## bin/corallite, with its library in lib/
	@scripts/build

sim: ## bin/libedgetpu-simulator.so.1, a simulated Edge TPU for tests (delegate/edgetpu/sim/README.md)
	@mkdir -p bin
	@delegate/edgetpu/sim/build bin/libedgetpu-simulator.so.1

install: ## put what `make build` built into PREFIX (root: /usr/local, else ~/.local): program, library, completion, manual, systemd unit
	@scripts/install $(PREFIX)

uninstall: ## take that away again
	@scripts/install --uninstall $(PREFIX)

demo: build ## find faces in pictures and a video, draw them, hear a wake word
	@scripts/demo

test: setup ## all tests
	@scripts/test-files
	@$(ENV) go test ./...

test-v3: setup ## the tests of what computes with floats, built as for a processor that fuses x*y + z
	@scripts/test-files
	@scripts/test-v3

race: setup ## all tests with the race detector and the strict cgo checks
	@scripts/test-files
	@$(ENV) GODEBUG=cgocheck=1 GOGC=10 go test -race ./...

lint: setup ## gofmt, go vet, staticcheck, shellcheck, no products fused with sums
	@scripts/lint

notices: setup ## write THIRD_PARTY_NOTICES anew, after a dependency or the catalog has changed
	@$(ENV) go run ./scripts/notices

bench: setup ## all benchmarks
	@scripts/test-files
	@$(ENV) go test -run '^$$' -bench . -benchmem ./...

compare: build ## side by side with the peers of ../shared/peers, as ratios
	@scripts/compare-peers

clean: ## remove what was built; .native and the download cache stay
	@rm -rf bin lib demo-out
