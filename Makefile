# make run: the demo municipality at work.  make test: everything that must hold.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-full test-one lint bench lock migration settings

BIN := .venv/bin
TESTS ?=
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal
# Rooms whose tests need neither a browser nor a server, nor long.
FAST := tests/audit tests/disclosure tests/followup tests/instrument tests/measurement \
	tests/organisation tests/test_house.py

# Compiled modules are kept: reading all tests anew takes every worker 20 seconds.
export PYTHONDONTWRITEBYTECODE :=

help:
	@echo "make run        build the demo municipality, start web and worker, print three links"
	@echo "make test       style, types, import rules, all tests; of long searches a smaller draw"
	@echo "make test-fast  a minute of tests that need neither a browser nor a server"
	@echo "make test-one T=tests/…::name   one test, file or folder"
	@echo "make test-full  all tests and long searches, with branch coverage"
	@echo "make lint       style, types and import rules only"
	@echo "make bench      every speed that is claimed"
	@echo "make lock       resolve setup.cfg into the two locks (needs uv)"
	@echo "make migration message='…'   write the next migration from the models"
	@echo "make settings   write docs/settings.md"

run:
	@tools/setup.sh run
	@exec $(BIN)/survey run --demo

test: lint
	@$(PYTEST) $(TESTS)

test-full: lint
	@$(PYTEST) --full --cov --cov-report=term $(TESTS)

test-fast:
	@tools/setup.sh test
	@$(PYTEST) -m "not chromium and not postgresql and not redis" $(FAST) $(TESTS)

test-one:
	@tools/setup.sh test
	@$(BIN)/pytest -n 0 --full $(T)

lint:
	@tools/setup.sh test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench:
	@tools/setup.sh test
	@for file in benchmarks/*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file || exit 1; done

lock:
	uv pip compile -q setup.cfg --extra test --extra build --universal --generate-hashes \
		--python-version 3.11 --no-header -o requirements.lock
	uv pip compile -q setup.cfg --extra build --universal --generate-hashes \
		--python-version 3.11 --no-header -c requirements.lock -o requirements-run.lock

migration:
	@$(BIN)/python tools/make_migration.py "$(message)"
	@$(BIN)/ruff check -q --fix --select F,I survey/migrations
	@$(BIN)/ruff format -q survey/migrations

settings:
	@$(BIN)/survey settings --markdown > docs/settings.md
