# tremorflow: each target sets up its own environment in .venv, once.
# Needs only make, Python >= 3.11 and a package index that pip reaches.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUTPUT ?= demo-output
BENCH ?=
TORCH ?= torch==2.13.0
WORK ?= build/weights

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench weights docs clean

help:
	@echo "make demo    observed tremor, and a simulated network through the full chain: 1 minute; $(OUTPUT)/index.html"
	@echo "make test    run the tests (those on real recordings need TREMORFLOW_DATA)"
	@echo "make check   lint, formatting, types, and whether the generated pages are up to date"
	@echo "make format  put sources into the house's format"
	@echo "make bench   run every benchmark (BENCH=name for one); results in benchmarks/results/"
	@echo "make weights train the bundled weights anew (80 minutes on two cores; needs TREMORFLOW_DATA)"
	@echo "make docs    build the documentation into site/"
	@echo "make clean   remove everything that these targets made"
	@echo "With another Python: make demo PYTHON=python3.12"

demo: $(VENV)/.ready
	$(BIN)/tremorflow demo --output $(OUTPUT)

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-bench $(VENV)/.ready-train
	$(BIN)/python benchmarks/run.py $(BENCH)
	$(BIN)/python docs/generate.py

weights: $(VENV)/.ready-train
	$(BIN)/python tools/weights/make_datasets.py $(WORK)
	$(BIN)/tremorflow train $(WORK)/mixed --name mixed --output $(WORK)/mixed.zip
	$(BIN)/tremorflow train $(WORK)/simulated --name simulated --output $(WORK)/simulated.zip
	$(BIN)/python tools/weights/install.py $(WORK)
	$(BIN)/python benchmarks/run.py diet diet_snet
	$(BIN)/python tools/weights/install.py

docs: $(VENV)/.ready-docs
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site demo-output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, and what each extra adds to it. A stamp says which version of pyproject.toml it was made for.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tremorflow needs Python 3.11 or later, and '$(PYTHON)' is not one;"; \
	  echo "name one that is, for example: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12"; exit 1; }
	@echo "making the environment $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu install the package python3-venv"; exit 1; }

$(VENV)/.ready: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# PyTorch first and by its version: asked for without one, pip may take a build of several GB for GPUs.
$(VENV)/.ready-train: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	@touch $@ $(VENV)/.ready

$(VENV)/.ready-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@ $(VENV)/.ready
