# `make run` starts the app, `make test` runs every test. `make help` lists the rest.

.DEFAULT_GOAL := help
PY := .venv/bin/python
# Which Python makes `.venv`: 3.11 or 3.12. Empty: the first one that fits.
PYTHON ?=
# With an NVIDIA GPU: make run REQUIREMENTS=requirements-gpu.txt
REQUIREMENTS ?= requirements.txt
# Processes that run tests; one more than cores, since tests wait for servers and browsers.
WORKERS ?= 3
# Passed on to pytest: make test ARGS="-k masks -x"
ARGS ?=
PYTHON_PATHS = instseg_ui scripts tests tools $(wildcard app.py performance)
TYPED_PATHS = instseg_ui scripts tools $(wildcard app.py performance)

SETUP = python="$$(sh scripts/find_python.sh '$(PYTHON)')" && \
	"$$python" -m scripts.setup_env --requirements '$(REQUIREMENTS)'

.PHONY: help run test setup dev bench lint format docs lint-js test-js clean

help:  ## List the commands.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: setup  ## Start the app on http://127.0.0.1:7860 with the embedded models.
	@$(PY) app.py

test:  ## Install what the tests need and run all of them, in a real browser too.
	@$(SETUP) test
	@$(MAKE) --no-print-directory test-js
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

setup:  ## Make the environment in .venv that the app runs in.
	@$(SETUP) run

dev:  ## The same, with the tools that lint and test.
	@$(SETUP) dev

bench: setup  ## Measure the models on this machine.
	@$(PY) -m performance $(ARGS)

lint: dev  ## Check style, types and JavaScript; change nothing.
	@$(PY) -m ruff check $(PYTHON_PATHS)
	@$(PY) -m ruff format --check $(PYTHON_PATHS)
	@find instseg_ui -name '*.pyi' -delete  # Gradio writes them; mypy would read them first
	@$(PY) -m mypy $(TYPED_PATHS)
	@$(MAKE) --no-print-directory lint-js test-js

format: dev  ## Format the Python files and apply the safe fixes.
	@$(PY) -m ruff check --fix $(PYTHON_PATHS)
	@$(PY) -m ruff format $(PYTHON_PATHS)

docs: dev  ## Write the pages that are generated from the code.
	@$(PY) -m tools.write_docs

clean:  ## Remove the environment and the caches; models stay.
	rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lint-js:
	@sh scripts/npm.sh lint

test-js:
	@sh scripts/npm.sh test
