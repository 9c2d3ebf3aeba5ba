# What one does with this tree. Each target may be run again at any time and skips what is done.
# The work is in scripts/; how they are wired together is all that stands here.
.PHONY: run test build lint format bench crash fuzz coverage clean help
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
BENCH ?= drain ingest freshness
N ?= 200
SEED ?= 1
SECONDS ?= 15

run: build ## install what is missing, build, start everything: http://localhost:3000 (ATTACK=1 starts an attack)
	@exec build/weir up

test: ## build and run every test, of the program and of the page
	@scripts/setup test
	@scripts/test

build: ## build the release program: build/weir
	@scripts/setup run
	@scripts/build release weir

lint: ## check format, code, scripts, workflow and page; fails on any finding (CHANGED=1: only what differs from main)
	@scripts/setup lint
	@scripts/lint $(if $(CHANGED),--changed)

format: ## bring all C++ into the common format
	@scripts/setup lint
	@scripts/lint --fix-format

bench: build ## measure throughput and freshness on this machine (BENCH="drain ingest" picks)
	@for name in $(BENCH); do build/weir bench $$name || exit 1; done

crash: ## kill the program N times (N=200 SEED=1), at random and at named places, and hold the tables against what was sent
	@scripts/setup test
	@scripts/build release crash_test
	@build/release/tests/crash/crash_test --cycles $(N) --seed $(SEED)

fuzz: ## feed every reader of foreign bytes with made-up ones, each for SECONDS (SECONDS=600 TARGET="event_json" picks)
	@scripts/setup fuzz
	@scripts/fuzz $(SECONDS) $(TARGET)

coverage: ## which lines of src/ the tests run: a table, and pages in build/coverage/html
	@scripts/setup coverage
	@scripts/coverage

clean: ## remove what was built (keeps downloads in .deps and data in data/)
	@rm -rf build web/dist

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
