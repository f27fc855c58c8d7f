# `make run` and `make test` do all the set-up themselves, from the lock file.
PYTHON ?= python3
BIN := .venv/bin
FIGURES := docs/figures
.DEFAULT_GOAL := help
.PHONY: help setup run test long demo chaos hostile browser bench pages screenshots capacity lint lock clean

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 13

setup: .venv/ready  ## fill .venv from the lock file

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: .venv/ready  ## serve at http://127.0.0.1:8000, with a Redis and a database of its own
	$(BIN)/sluice up

test: lint  ## every check and test that needs no more than this machine
	$(BIN)/pytest

long: .venv/ready  ## tests that wait for what takes its time: outages, takeovers, workers that stall
	$(BIN)/pytest -n 4 -m long

demo: .venv/ready  ## 5,000 webhooks through the whole of it, each accounted for; KEEP=1 leaves it running, with its console
	$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

chaos: .venv/ready  ## everything killed, stopped, filled and cut off under load, and each acknowledged event accounted for
	$(BIN)/python -m tests.chaos $(CHAOS)

hostile: .venv/ready  ## a million mutated bodies at the ingress
	$(BIN)/python -m tests.hostile --bodies 1000000

browser: .venv/ready  ## the console in a real browser (needs Chromium)
	REQUIRE_BROWSER=1 $(BIN)/pytest -n 0 tests/browser

bench: .venv/ready  ## webhooks and events a second, beside baselines
	$(BIN)/python -m tests.bench --json $(FIGURES)/bench.json --svg $(FIGURES)/bench.svg $(BENCH)

pages: .venv/ready  ## how long each page of the console takes over a million events in PostgreSQL
	$(BIN)/python -m tests.bench.pages $(PAGES)

screenshots: .venv/ready  ## the README's pictures of the console (needs Chromium, and fonts for what the world writes in)
	$(BIN)/python -m tests.browser.screenshots docs/screenshots

capacity: .venv/ready  ## how much of everything a load needs, by the measured costs
	$(BIN)/python -m tests.capacity $(CAPACITY)

lint: .venv/ready  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:  ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra otel --generate-hashes --universal --python-version 3.11 -c requirements.lock \
		--no-emit-index-url --no-header --quiet --output-file deploy/requirements.lock
	uv pip compile tests/deploy/requirements.in --generate-hashes --universal --python-version 3.11 -c requirements.lock \
		--no-emit-index-url --no-header --quiet --output-file tests/deploy/requirements.lock

clean:  ## remove what was made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
