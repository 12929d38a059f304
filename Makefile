# make run: the demo municipality at work.  make test: everything that must hold.
.DEFAULT_GOAL := help
.PHONY: help run test lint types check bench lock migration settings

BIN := .venv/bin
TESTS ?=
WORKERS ?= 2

help:
	@echo "make run        build the demo municipality, start web and worker, print three links"
	@echo "make test       style, types, import rules, all tests with branch coverage"
	@echo "make lint       style, types and import rules only"
	@echo "make bench      every speed that is claimed"
	@echo "make lock       resolve setup.cfg into the two locks (needs uv)"
	@echo "make migration message='…'   write the next migration from the models"
	@echo "make settings   write docs/settings.md"

run:
	@tools/setup.sh run
	@exec $(BIN)/survey run --demo

test: lint
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(TESTS)

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
