# Everything a developer or CI runs. `make` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test format lint types bench check requirements clean

help:  ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready  ## Create .venv with everything the project needs

$(VENV)/ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "CloudSeam needs Python 3.11 or later; this is %d.%d. Set PYTHON=…" % v[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## Drive a sample machine through its whole life on an embedded AWS
	$(BIN)/cloudseam demo

test: setup  ## Run the tests
	$(BIN)/python -m pytest

format: setup  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## Check types
	$(BIN)/mypy

bench: setup  ## Measure the engine
	$(BIN)/python -m bench.engine

check: test lint types  ## What CI runs

requirements: setup  ## Lock the dependencies again
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --extra dev --python-version 3.11 pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements/dev.txt pyproject.toml -o layers/cloudseam/requirements.txt

clean:  ## Remove what was built
	rm -rf $(VENV) .venv-* .pytest_cache .mypy_cache .ruff_cache .aws-sam dist
