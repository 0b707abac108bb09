# Rappel. `make` alone says what there is.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
DATA_DIR ?= ./data
FUZZTIME ?= 10s

# Where a program keeps its version.
HOST := github.com/rappel-loop/rappel/services/internal/host

# One binary a service, and the all-in-one; each is services/<name>/cmd/<name>.
PROGRAMS := rappel collector scorer alerting callback-queue feed

##@ Use it

.PHONY: help
help: ## Say what there is (the default)
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Start the whole loop in one process, play the sample through it, go on serving
	exec bin/rappel run --data-dir $(DATA_DIR) --sample sample --log-level warn

.PHONY: build
build: ## Build the six programs into bin/ (static)
	CGO_ENABLED=0 go build -trimpath -ldflags '-X $(HOST).version=$(VERSION)' -o bin/ $(foreach p,$(PROGRAMS),./services/$(p)/cmd/$(p))

.PHONY: up
up: ## Start the loop as containers (docker compose)
	docker compose up --build --detach --wait

.PHONY: down
down: ## Stop the containers; the volumes keep the data
	docker compose down

##@ Prove it

.PHONY: test
test: ## Run every test of every module, on real servers, with the race detector where it can
	@scripts/test

.PHONY: test-short
test-short: ## The same without what takes long, and without the race detector
	@SHORT=1 RACE=0 scripts/test

.PHONY: lint
lint: ## Hold the code, and the architecture, to .golangci.yml
	@scripts/lint

.PHONY: verify
verify: ## Prove that generated files, modules, formatting and contracts are what they should be
	@scripts/verify

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

.PHONY: fuzz-long
fuzz-long: ## The same for a minute each (half an hour in all)
	@FUZZTIME=1m scripts/fuzz

.PHONY: chaos
chaos: ## Kill, damage and flood at length: every test in its long form, then each fuzz target for a minute
	@CHAOS=1 TEST_TIMEOUT=60m scripts/test
	@FUZZTIME=1m scripts/fuzz

.PHONY: bench
bench: ## Print the benchmark tables: each row beside the raw thing, then the same work by asynq and River
	@scripts/bench
	@scripts/bench-peers

.PHONY: bench-rebuild
bench-rebuild: ## Kill and empty a loop with N (1000000) open callbacks, and time how it comes back
	@scripts/bench-rebuild

.PHONY: bench-import
bench-import: ## Import N (1000000) rows into a loop that is killed amid it, and time it; every row is counted once
	@scripts/bench-import

.PHONY: bench-peers
bench-peers: ## The second of them alone
	@scripts/bench-peers

.PHONY: eval
eval: ## Measure how verbatims are understood on DATA=dir of labelled answers, each source held out in turn
	@scripts/eval $(DATA)

.PHONY: compose-test
compose-test: ## Play the sample through the containers of docker-compose.yml (needs a container engine)
	@scripts/compose-test

.PHONY: page-test
page-test: ## Answer a survey in a real Chromium, by hand, by keyboard and without scripts (it takes pictures)
	@scripts/page-test

##@ Change it

.PHONY: generate
generate: ## Make generated code, OpenAPI and printed pages again
	@scripts/generate

.PHONY: format
format: ## Format every Go file
	@scripts/format

.PHONY: tidy
tidy: ## Tidy every module
	@scripts/tidy

.PHONY: clean
clean: ## Remove what was built and cached here (not ./data)
	rm -rf bin dist .cache
