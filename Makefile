# Every target that needs .venv fills it from the lock file first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet $(UPGRADE) --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-header
FIGURES := docs/figures
.DEFAULT_GOAL := help
.PHONY: help setup run test pytest coverage long demo chaos hostile browser bench pages screenshots capacity docs lint \
	lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 13

setup: .venv/ready  ## fill .venv from the lock file

# uv is several times faster than pip, but it ignores pip's configuration (index, proxy, certificate): if uv cannot be
# installed or fails, pip installs the packages. Both verify the hashes.
.venv/ready: requirements.lock pyproject.toml
	@echo "Setting up .venv, once (10 to 60 s):"
	@echo "  1/3 a virtual environment, and uv to fill it"
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@echo "  2/3 the packages of requirements.lock"
	@{ $(PIP) --require-hashes -r .venv/uv.lock && \
	  UV_HTTP_TIMEOUT=15 $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock; } || \
	  { echo "      uv failed; pip installs them, which takes longer"; $(PIP) --require-hashes -r requirements.lock; }
	@echo "  3/3 Sluice, in place"
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

run: .venv/ready  ## run Sluice at http://127.0.0.1:8000 with an embedded Valkey and SQLite
	$(BIN)/sluice up

test: .venv/ready  ## lint, and run all tests that need nothing but this machine
	@$(MAKE) --no-print-directory --jobs=2 lint pytest

pytest: .venv/ready
	$(BIN)/pytest

coverage: .venv/ready  ## run the tests with coverage
	$(BIN)/pytest --cov --cov-report=term --durations=0 --durations-min=60 -m "not long and not cost"

long: .venv/ready  ## run the slow tests: outages, takeovers, stalled workers, more examples
	$(BIN)/pytest -n 4 -m "long or hypothesis or examples" --hypothesis-profile=long

demo: .venv/ready  ## send 5,000 webhooks and verify each in the event store; KEEP=1 leaves it running
	$(BIN)/python -m tests.programs.demo $(if $(KEEP),--keep)

chaos: .venv/ready  ## kill, stop, fill and disconnect everything under load, and verify every acknowledged event
	$(BIN)/python -m tests.programs.chaos $(CHAOS)

hostile: .venv/ready  ## send a million mutated bodies to the ingress
	$(BIN)/python -m tests.programs.hostile --bodies 1000000

browser: .venv/ready  ## test the console in a browser (needs Chromium)
	REQUIRE_BROWSER=1 $(BIN)/pytest -n 0 tests/system/browser

bench: .venv/ready  ## measure throughput and latency beside baselines
	$(BIN)/python -m tests.programs.bench --json $(FIGURES)/bench.json --svg $(FIGURES)/bench.svg $(BENCH)

pages: .venv/ready  ## measure the console's pages with a million events in PostgreSQL
	$(BIN)/python -m tests.programs.bench.pages $(PAGES)

screenshots: .venv/ready  ## take the documentation's screenshots (needs Chromium and fonts of all scripts)
	$(BIN)/python -m tests.programs.screenshots docs/screenshots

capacity: .venv/ready  ## compute the resources that a load needs from the measured costs
	$(BIN)/python -m tests.programs.capacity $(CAPACITY)

docs: .venv/ready build/docs-tools/ready  ## build the documentation into build/site and check its links
	$(BIN)/python -m tests.programs.docs write
	NO_MKDOCS_2_WARNING=1 build/docs-tools/bin/mkdocs build
	$(BIN)/python -m tests.programs.docs check build/site

build/docs-tools/ready: docs/requirements.lock
	$(PYTHON) -m venv build/docs-tools
	build/docs-tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r docs/requirements.lock
	touch $@

lint: .venv/ready  ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: .venv/ready  ## resolve the lock files again; UPGRADE=--upgrade takes the newest versions allowed
	$(COMPILE) pyproject.toml --all-extras --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra otel -c requirements.lock --output-file deploy/requirements.lock
	$(COMPILE) tests/support/deploy/requirements.in -c requirements.lock --output-file tests/support/deploy/requirements.lock
	$(COMPILE) docs/requirements.in -c requirements.lock --output-file docs/requirements.lock

clean:  ## remove generated files
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* build *.egg-info
