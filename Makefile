# Everything a developer or CI runs. `make` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test simulate chaos format lint types build terraform-layer package artifacts deploy-local e2e bench bench-peers check requirements clean security sbom

help:  ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready  ## Create .venv with everything the project needs

$(VENV)/ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "CloudSeam needs Python 3.11 or later; this is %d.%d. Set PYTHON=…" % v[:2])'
	@test ! -L $(VENV) || { echo "$(VENV) is a link: what it leads to would be cleared." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## Drive a sample machine through its whole life on an embedded AWS
	$(BIN)/cloudseam demo

# On all processors, but no more than four: each has an embedded AWS and a PostgreSQL of its own.
test: setup  ## Run the tests
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

simulate: setup  ## Run N seeded histories (2000) of the whole system, from SEED (fresh), OF actions or executions
	$(BIN)/python -m tests.simulation $(if $(OF),--$(OF)) --histories $(or $(N),2000) $(if $(SEED),--seed $(SEED))

format: setup  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup  ## Check types
	$(BIN)/mypy

# The builder takes the interpreter of the template's runtime from the path.
RUNTIME_PYTHON = $(shell .ci/pythons | sed -n 's/^3\.13 //p')
SAM = SAM_CLI_TELEMETRY=0 RUNTIME="$(RUNTIME_PYTHON)" PATH="$(dir $(RUNTIME_PYTHON)):$$PATH" .venv-sam/bin/sam

.venv-sam/ready: requirements/sam.txt
	@test -n "$(RUNTIME_PYTHON)" || { echo "The template's runtime is python3.13, and no Python 3.13 was found." >&2; exit 1; }
	$(RUNTIME_PYTHON) -m venv --clear .venv-sam
	.venv-sam/bin/python -m pip install --quiet --require-hashes -r requirements/sam.txt
	@touch $@

build: .venv-sam/ready  ## Validate the template and build what is deployed
	$(SAM) validate --lint --region us-east-1
	$(SAM) build

package: build setup sbom  ## Write dist/: what people deploy without building
	$(BIN)/python -m release

terraform-layer:  ## Get Terraform for the layer: ARCHITECTURE=arm64, FROM=a release or a program
	$(PYTHON) layers/terraform/get.py --architecture $(or $(ARCHITECTURE),arm64) $(if $(FROM),"$(FROM)")

# The Terraform of this computer, if it has one. Functions that are deployed here find no other one
# than that of the layer. HOST_TERRAFORM= leaves the layer as it is.
HOST_TERRAFORM ?= $(shell command -v terraform)
HOST_ARCHITECTURE = $(subst aarch64,arm64,$(shell uname -m))

.PHONY: host-terraform
host-terraform: .venv-sam/ready
	@test -z "$(HOST_TERRAFORM)" || \
		$(RUNTIME_PYTHON) layers/terraform/get.py --architecture $(HOST_ARCHITECTURE) "$(HOST_TERRAFORM)"

artifacts: host-terraform build setup  ## Build what is deployed, and test it
	RUNTIME_PYTHON=$(RUNTIME_PYTHON) $(BIN)/python -m pytest tests/artifacts

# STAY=1 leaves it there until Ctrl-C.
deploy-local: .venv-sam/ready setup host-terraform  ## Deploy the template to an AWS on this computer, and try it
	RUNTIME_PYTHON=$(RUNTIME_PYTHON) $(BIN)/python -m tests.e2e $(if $(STAY),--stay)

# On two processors, each with an embedded AWS and deployments of its own.
e2e: host-terraform build setup  ## Drive deployed functions through their queues, on both stores
	RUNTIME_PYTHON=$(RUNTIME_PYTHON) $(BIN)/python -m pytest tests/e2e --numprocesses 2 --dist loadfile

# STRICT=1 fails where the vulnerability data could not be reached, instead of only saying so.
security: .venv-security/ready setup  ## Look for known weaknesses in template, code and requirements
	$(BIN)/python -m tests.security $(if $(STRICT),--strict)

.venv-security/ready: requirements/security.txt
	$(PYTHON) -m venv --clear .venv-security
	.venv-security/bin/python -m pip install --quiet --require-hashes -r requirements/security.txt
	@touch $@

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' layers/cloudseam/cloudseam/__init__.py)

sbom: .venv-sbom/ready setup  ## Write the bill of materials of what is deployed (CycloneDX)
	@mkdir -p dist
	sed 's/^dynamic = .*/version = "$(VERSION)"/' pyproject.toml > .venv-sbom/pyproject.toml
	.venv-sbom/bin/cyclonedx-py environment --pyproject .venv-sbom/pyproject.toml --output-reproducible \
		--validate --output-file dist/sbom.cdx.json .venv-sbom/deployed
	SBOM=dist/sbom.cdx.json $(BIN)/python -m pytest -q tests/artifacts/test_sbom.py

.venv-sbom/ready: requirements/sbom.txt layers/cloudseam/requirements.txt
	$(PYTHON) -m venv --clear .venv-sbom
	.venv-sbom/bin/python -m pip install --quiet --require-hashes -r requirements/sbom.txt
	$(PYTHON) -m venv --without-pip .venv-sbom/deployed
	.venv-sbom/bin/python -m pip --python .venv-sbom/deployed install --quiet --require-hashes \
		-r layers/cloudseam/requirements.txt
	@touch $@

bench: setup  ## Measure everything, beside what could be picked instead
	$(BIN)/python -m bench

bench-peers: .venv-bench/ready  ## Install what `make bench` measures beside

.venv-bench/ready: requirements/bench.txt
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

chaos: setup  ## Kill real processes and real Terraform 250 times, and judge what came of it
	$(BIN)/python -m tests.chaos --kills 100
	$(BIN)/python -m tests.chaos.terraform --kills 50

check: test lint types  ## Run the tests, and check style and types

requirements: setup  ## Lock the dependencies again
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --extra dev --python-version 3.11 pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -c requirements/dev.txt pyproject.toml -o layers/cloudseam/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 requirements/bench.in -o requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.13 requirements/sam.in -o requirements/sam.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 requirements/security.in -o requirements/security.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 requirements/sbom.in -o requirements/sbom.txt

clean:  ## Remove what was built
	rm -rf $(VENV) .venv-* .pytest_cache .mypy_cache .ruff_cache .aws-sam dist
