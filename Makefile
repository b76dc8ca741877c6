# The project's vocabulary. `make` alone lists it.
# A fresh machine needs Python 3.11 or newer, make and a network; everything else goes into .venv.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
DEFAULT_IMAGE := renderjob:$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' operator/renderjob/__init__.py)
# Most tests against the control plane wait, and leave room for others.
TEST_WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 4 ? 4 : n)))
# Seconds after which a test counts as hanging and is ended by name: far beyond the longest, on a busy machine too.
TEST_TIMEOUT ?= 1200
PYTEST := $(RUN) -m pytest -n $(TEST_WORKERS) --dist worksteal --timeout $(TEST_TIMEOUT)
HARNESS := PYTHONPATH=tests $(RUN) -m harness

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-blender test test-newest coverage lint hooks audit format crds docs pictures bench bench-waste cluster cluster-down bench-cluster image install uninstall e2e release lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What is installed is what the lock file names, by hash. The stamp makes a changed lock install anew.
$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or say where: make PYTHON=…"; exit 1; }
	@echo "setting up $(VENV) with $$($(PYTHON) --version), once"
	@$(PYTHON) -m venv $(VENV) || { echo "on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready  ## Install everything into .venv

demo: $(VENV)/.ready  ## Render a video in chunks, kill it, resume it, merge it: no cluster needed
	@$(RUN) examples/demo.py

demo-blender: $(VENV)/.ready  ## The same with real Blender (Python 3.11; downloads 400 MB)
	@$(RUN) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Blender's wheel is for Python 3.11; make PYTHON=python3.11 clean demo-blender"; exit 1; }
	@$(RUN) -c 'import bpy' 2>/dev/null || echo "installing Blender (bpy) into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-blender.lock
	@$(RUN) examples/demo.py blender

# What the control plane is made of is built first, once and with a word on how far it is: it takes minutes.
test: $(VENV)/.ready  ## All tests, those against a real Kubernetes control plane too
	@$(HARNESS) build
	@$(PYTEST)

# In an environment of its own; pyenv's Pythons are found, too. Coverage is measured here since it costs next to nothing
# from Python 3.12 on, and nearly doubles what these tests take before.
NEWEST ?= $(shell for v in 15 14 13 12; do for p in $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.$$v.*/bin/python python3.$$v; do \
	$$p -c 'import venv' 2>/dev/null && echo $$p && exit; done; done)
test-newest:  ## The unit tests on the newest Python that is here, and what they cover (NEWEST=…)
	@test -n "$(NEWEST)" || { echo "no Python newer than 3.11 is here; install it, or say where: make NEWEST=…"; exit 1; }
	@$(MAKE) --no-print-directory VENV=.venv-newest PYTHON=$(NEWEST) coverage

coverage: $(VENV)/.ready
	@COVERAGE_CORE=sysmon $(PYTEST) --cov --cov-report=term:skip-covered tests/unit tests/conformance

lint: $(VENV)/.ready  ## ruff, mypy, import contracts, declared dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry operator
	@$(BIN)/deptry tests docs/generate bench supply examples/blender examples --ignore DEP002,DEP004

hooks: $(VENV)/.ready  ## Have git ask what make lint asks, at each commit
	@$(BIN)/pre-commit install

audit: $(VENV)/.ready  ## The packages of the image and of the tests against known vulnerabilities, and their hashes
	@$(RUN) supply/audit.py requirements.lock requirements-build.lock requirements-dev.lock

format: $(VENV)/.ready  ## Format the code
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

crds: $(VENV)/.ready  ## Generate crds/ from the models
	@$(RUN) -m renderjob.crd crds/renderjobs.renderjob.dev.yaml

docs: $(VENV)/.ready  ## Generate the pages of docs/ that follow from the code
	@$(RUN) docs/generate

pictures: $(VENV)/.ready  ## Render the demo's film and draw docs/pictures from that run
	@$(RUN) docs/generate/pictures.py

bench: $(VENV)/.ready  ## What the bookkeeping costs, beside a bare loop
	@$(RUN) bench/local_chunks.py
	@$(RUN) bench/decide.py

bench-waste: $(VENV)/.ready  ## Frames rendered per frame needed when things go wrong, beside other ways
	@$(RUN) bench/waste.py

cluster: $(VENV)/.ready  ## Leave a Kubernetes control plane running, with the CRD and simulated nodes
	@$(HARNESS) up

cluster-down: $(VENV)/.ready  ## End it
	@$(HARNESS) down

bench-cluster: $(VENV)/.ready  ## What the operator costs on a real control plane, beside a bare client loop (minutes)
	@$(HARNESS) build
	@$(RUN) bench/cluster.py $(ARGS)

# The base is any image with Python 3.11 or newer: make image BASE=registry.example/python:3.13-slim
image:  ## Build the image of the operator with docker (IMAGE=…, BASE=…)
	@docker build $(if $(BASE),--build-arg BASE=$(BASE)) --tag $(or $(IMAGE),$(DEFAULT_IMAGE)) .

install:  ## Install the operator with kubectl (IMAGE=…; VARIANT=namespaced NAMESPACE=…)
	@IMAGE=$(IMAGE) VARIANT=$(VARIANT) NAMESPACE=$(NAMESPACE) manifests/install.sh install

uninstall:  ## Remove it, and all RenderJobs with FORCE=yes
	@VARIANT=$(VARIANT) NAMESPACE=$(NAMESPACE) FORCE=$(FORCE) manifests/install.sh uninstall

e2e: $(VENV)/.ready  ## Real renders on a real cluster: KUBECONFIG's, or one that kind makes
	@PYTHONPATH=tests BASE='$(BASE)' $(RUN) -m e2e $(ARGS)

release: $(VENV)/.ready  ## Make and check what a version consists of, in dist/ (IMAGE=…, BASE=…); see CONTRIBUTING.md
	@BASE='$(BASE)' $(RUN) supply/release.py $(IMAGE)

lock: $(VENV)/.ready  ## Resolve the lock files anew from the ranges in pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-header pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-header --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	@printf '%s\n' 'hatchling>=1.27,<2' 'cyclonedx-bom>=7,<8' | \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-header - -c requirements-dev.lock -o requirements-build.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-header --group blender pyproject.toml -c requirements.lock -o requirements-blender.lock

clean:  ## Remove .venv, caches and out/
	rm -rf $(VENV) .venv-newest out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
