# The one front door, for people and for CI. Nothing is needed but make and a
# Python 3.11 or newer with venv; nothing is written outside this folder.

PYTHON ?= python3
# Workers of `make test`: one a core of the smallest machine we support.
WORKERS ?= 2
ARGS ?=
QUICK ?=

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What a reader has set for other projects must not change what runs here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE VIRTUAL_ENV
export QUICK
# buf would keep its cache in the reader's home.
export BUF_CACHE_DIR = .cache/buf

run := .venv/bin/python -m

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'another Python: make PYTHON=python3.13 test     more options: make test ARGS="-k note -x"'

.PHONY: setup
setup: ## make .venv from the hashed lock; does nothing while it is up to date
	@sh .ci/setup "$(PYTHON)" dev

.PHONY: demo
demo: setup ## play the whole story on this machine and verify its log offline
	@$(run) rogatory_gateway.dev.demo $(ARGS)

.PHONY: test
test: setup ## run the tests; ends with what was not run, and why
	@$(run) pytest -n $(WORKERS) $(ARGS)

.PHONY: lint
lint: setup ## style of code and protos, and which module may import which
	@$(run) ruff check .
	@$(run) ruff format --check .
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/buf lint protos
	@.venv/bin/buf format --diff --exit-code protos

.PHONY: format
format: setup ## put code and protos into the one format
	@$(run) ruff check --fix-only --quiet .
	@$(run) ruff format .
	@.venv/bin/buf format --write protos

.PHONY: types
types: setup ## type-check the sources and the tests, strictly
	@$(run) mypy

.PHONY: protos
protos: ## regenerate clients/rogatory/v1 from protos/, with the pinned generator
	@sh .ci/setup "$(PYTHON)" protos
	@.venv-protos/bin/python .ci/protos.py

.PHONY: protos-check
protos-check: ## fail unless clients/rogatory/v1 is what the protos give
	@sh .ci/setup "$(PYTHON)" protos
	@.venv-protos/bin/python .ci/protos.py --check

.PHONY: lowest-check
lowest-check: ## import the SDK with the oldest dependencies that it promises to work with
	@sh .ci/setup "$(PYTHON)" lowest
	@.venv-lowest/bin/python -I -W error .ci/lowest.py

.PHONY: conformance
conformance: setup ## let strangers' programs read what we write
	@sh .ci/setup "$(PYTHON)" strangers
	@[ -f .demo/log/checkpoint ] || $(MAKE) demo
	@$(run) pytest tests/conformance $(ARGS)

.PHONY: bench
bench: setup ## measure; QUICK=1 for a short look; writes bench-results.json
	@$(run) tests.bench $(ARGS)

.PHONY: lock
lock: ## rewrite requirements/*.lock from pyproject.toml; UPGRADE=1 for newer versions
	@sh .ci/setup "$(PYTHON)" resolver
	@sh .ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## remove everything that these commands made
	rm -rf .venv .venv-* .cache .demo .dev .hypothesis .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks
	rm -rf build dist bench-results.json
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
