SHELL := /bin/bash
.DEFAULT_GOAL := help
PY ?= python3

.PHONY: help setup run test check bench

help:  ## one line for each target
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

.venv/.locked: uv.lock pyproject.toml
	@command -v .venv/bin/uv >/dev/null 2>&1 || { $(PY) -m venv .venv && .venv/bin/pip install --quiet uv; }
	@.venv/bin/uv sync --locked --quiet --inexact
	@touch $@

setup: .venv/.locked  ## make .venv from the lock file

run: setup  ## start everything with the demonstration site; ends with a line that begins with "ready"
	@exec .venv/bin/pingzhan up

test: setup  ## every test
	@.venv/bin/python -m pytest

check: setup  ## format, lint, types, import rule, then the tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	@files=$$(git ls-files '*store.py'); [ -z "$$files" ] || .venv/bin/basedpyright $$files
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory test

bench: setup  ## every script of bench/; each prints a table and one JSON object
	@for f in bench/*.py; do echo "== $$f"; .venv/bin/python $$f || exit 1; done
