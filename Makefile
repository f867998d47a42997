SHELL := /bin/bash
.DEFAULT_GOAL := help
PY ?=

.PHONY: help setup run test browser check bench

help:  ## one line for each target
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

.venv/.locked: uv.lock pyproject.toml setup.sh
	@PY="$(PY)" bash setup.sh

setup: .venv/.locked  ## make .venv from the lock file

run: setup  ## start everything with the demonstration site; ends with a line that begins with "ready"
	@exec .venv/bin/pingzhan up

test: setup browser  ## every test; as root it installs Chromium first, where that is missing
	@.venv/bin/python -m pytest

browser:
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || { \
	  echo "installing Chromium and a Chinese font with apt" >&2; \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; } >/dev/null 2>&1 \
	    || echo "Chromium could not be installed: the browser tests are skipped" >&2; }

check: setup  ## format, lint, types, import rule, then the tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	@files=$$(git ls-files '*store.py'); [ -z "$$files" ] || .venv/bin/basedpyright $$files
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: setup  ## every script of bench/; each prints a table and one JSON object
	@for f in bench/*.py; do echo "== $$f"; .venv/bin/python $$f || exit 1; done
