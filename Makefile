# Every target makes .venv by itself on first use, from the lock with its hashes.
PYTHON ?= python3
ARGS ?=
# Each test process starts its own servers; a file's tests stay in one process, and share them.
JOBS ?= 2
BIN := .venv/bin
READY := .venv/.ready
SYSTEM_PYTHON ?= /usr/bin/python3
PIP_PYTHON := $(BIN)/python
NFPM := build/bin/nfpm

.DEFAULT_GOAL := help
.PHONY: help demo test test-full lint format bench docs lock dist packages packages-test clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "logsluice needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: $(READY) ## See it work: AWS emulated on this machine (ARGS=--once ends after the first load)
	$(BIN)/logsluice demo $(ARGS)

test: lint ## Everything that must pass before a change is handed in
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist loadfile $(ARGS)

test-full: lint ## The same and the slow tests: kills, gigabytes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: $(READY) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Let ruff put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Events a second, by format, filter and Logstash configuration; resident memory
	$(BIN)/python -m bench $(ARGS)
	$(BIN)/python -m bench.filters
	$(BIN)/python -m bench.configurations
	$(BIN)/python -m bench.resident

docs: $(READY) ## Renew docs/components.md, docs/fields.md, README's lists, the tables of the page about Logstash
	$(BIN)/python docs/generate.py

# pip-compile knows no dependency groups yet, so their lines are given to it as a second source.
lock: $(READY) ## Renew requirements.lock
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' \
	| $(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --no-emit-options --extra geo --extra ua --extra xml --extra demo \
		--output-file requirements.lock pyproject.toml -

dist: $(READY) ## The wheel and the sdist, into dist/
	$(BIN)/python -m hatchling build -d dist

# Packages hold compiled wheels, so they are for the distribution's own Python: SYSTEM_PYTHON.
$(NFPM):
	GOBIN=$(CURDIR)/build/bin go install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0

packages: dist $(NFPM) ## A deb and an rpm, into dist/ (SYSTEM_PYTHON=/usr/bin/python3)
	deploy/packages/build.sh $(PIP_PYTHON) $(SYSTEM_PYTHON) $(NFPM)

packages-test: lint ## Build the packages, look into them and run the program from them
	$(BIN)/python -m pytest tests/end_to_end/test_packages.py $(ARGS)

clean: ## Remove what the targets made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist logsluice-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
