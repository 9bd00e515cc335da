# make demo and make test set up everything they need. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
INSTALL = @command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here: install Python 3.11 or newer, or name it: make $@ PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) requirements/install.py $(1) $(if $(filter command environment,$(firstword $(origin PYTHON))),--exact)
PACKAGES := kpi_tracker goals dashboards integrations
CHECK_KEY := SECRET_KEY=only-for-checks
TRANSLATED := --locale sv --locale fi
ARGS ?=
export UV_PYTHON_DOWNLOADS = never

.PHONY: help install install-dev demo test test-fast test-browser test-pg lint types lock messages bench bench-full

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install:  ## make .venv with what the application needs, and nothing else
	$(call INSTALL,runtime)

install-dev:  ## the same, with the tools for tests and checks
	$(call INSTALL,dev)

demo: install  ## set up and start a demo organisation; Ctrl-C stops it
	@exec $(BIN)/python manage.py demo $(ARGS)

test: install-dev  ## all tests on SQLite; what is left out for lack of Chromium or Redis is listed at the end
	$(BIN)/python -m pytest -n auto -rfEs $(ARGS)

test-fast: install-dev  ## the tests that take no long time
	$(BIN)/python -m pytest -m "not slow and not browser" $(ARGS)

test-browser: install-dev  ## the tests in Chromium
	$(BIN)/python -m pytest -rfEs -m browser $(ARGS)

test-pg: install-dev  ## all tests on the PostgreSQL named by TEST_DATABASE_URL
	@test -n "$(TEST_DATABASE_URL)" || { echo "Name a server: make test-pg TEST_DATABASE_URL=postgres://user:password@127.0.0.1/kpi_tracker" >&2; exit 1; }
	DATABASE_URL="$(TEST_DATABASE_URL)" $(BIN)/python -m pytest -n auto -rfEs $(ARGS)

bench: install-dev  ## the benchmarks, small: minutes; on the PostgreSQL named by TEST_DATABASE_URL too. ARGS=--only=rollups for one
	$(BIN)/python benchmarks/run.py $(ARGS)

bench-full: install-dev  ## the benchmarks up to ten million records: hours
	$(BIN)/python benchmarks/run.py --full $(ARGS)

lint: install-dev  ## style, templates, arrows between packages, missing migrations
	$(BIN)/ruff check .
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/lint-imports
	$(CHECK_KEY) $(BIN)/python manage.py makemigrations --check --dry-run

types: install-dev  ## mypy --strict
	$(CHECK_KEY) $(BIN)/mypy $(PACKAGES) manage.py

messages: install-dev  ## gather the texts to translate into locale/ and compile them; needs gettext
	@command -v msgmerge >/dev/null || { echo "gettext is not here: install it (Debian: apt-get install gettext)" >&2; exit 1; }
	$(CHECK_KEY) $(BIN)/python manage.py makemessages $(TRANSLATED) --no-location --no-wrap --no-obsolete --ignore .venv --ignore var --ignore tests
	sed -i.old '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/django.po && rm -f locale/*/LC_MESSAGES/django.po.old
	$(CHECK_KEY) $(BIN)/python manage.py compilemessages $(TRANSLATED) --ignore .venv

lock: install-dev  ## resolve pyproject.toml into requirements/; ARGS=--upgrade for newer versions
	$(UV) pyproject.toml -o requirements/runtime.txt
	$(UV) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	echo "uv~=0.13.9" | $(UV) - --no-annotate -o requirements/uv.txt

UV = PATH="$$PATH:$(BIN)" uv pip compile $(ARGS) --quiet --generate-hashes --no-header --universal --python-version 3.11
