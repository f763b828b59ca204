# Corallite. `make help` lists the targets; `make demo` and `make test` include the set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ENV := . .native/env &&

.PHONY: help setup build install uninstall sim demo test test-v3 test-strict race lint notices bench compare clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

setup: ## install OpenCV's development files and the TensorFlow Lite library (fast if up to date)
	@scripts/setup

build: setup ## build bin/corallite, with its library in lib/
	@scripts/build

sim: ## build bin/libedgetpu-simulator.so.1, a simulated Edge TPU for tests (delegate/edgetpu/sim/README.md)
	@mkdir -p bin
	@delegate/edgetpu/sim/build bin/libedgetpu-simulator.so.1

install: ## install the result of `make build` in PREFIX (root: /usr/local, otherwise ~/.local): program, library, completion, manual, systemd unit
	@scripts/install $(PREFIX)

uninstall: ## remove it again
	@scripts/install --uninstall $(PREFIX)

demo: build ## find faces in pictures and a video, draw them, detect a wake word
	@scripts/demo

test: setup ## run all tests
	@scripts/test-files
	@$(ENV) go test -timeout 40m ./...

test-v3: setup ## run the floating-point tests, built for processors that fuse x*y + z
	@scripts/test-files
	@scripts/test-v3

test-strict: setup ## run the tests of packages without OpenCV with the race detector, strict cgo checks and GOGC=1
	@scripts/test-files
	@scripts/test-strict

race: setup ## run all tests with the race detector and strict cgo checks
	@scripts/test-files
	@$(ENV) GODEBUG=cgocheck=1 GOGC=10 go test -race ./...

lint: setup ## run gofmt, go vet, staticcheck, shellcheck, and the check for fused operations
	@scripts/lint

notices: setup ## update THIRD_PARTY_NOTICES after changes of dependencies or the catalog
	@$(ENV) go run ./scripts/notices

bench: setup ## run all benchmarks
	@scripts/test-files
	@$(ENV) go test -run '^$$' -bench . -benchmem ./...

compare: build ## compare with the programs in ../shared/peers
	@scripts/compare-peers

clean: ## remove build results; .native and the download cache stay
	@rm -rf bin lib demo-out
