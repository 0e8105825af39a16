# Everything here works on a fresh clone: each target makes .venv and installs what it needs, pinned by constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --system-certs --constraint constraints.txt --build-constraints constraints.txt
# On all cores, and without what is never imported.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/(tests|pip|faker|h5py|polyfactory|setuptools|fontTools|transformers|narwhals|reference|matplotlib|mypyc?|pygments/lexers|pydantic|PIL)/' \
  $(VENV)/lib collector deploy edge_agent models shared
# Most of the time tests wait for programs they have started; each worker more costs six seconds to begin.
TESTERS := $(shell echo $$(($$(nproc) * 3)))
DEMO := $(VENV)/.installed-for-demo
DEVELOPMENT := $(VENV)/.installed-for-development

# `-m` and the console scripts take the code of this tree.
export PYTHONPATH := $(CURDIR)
# Compiled once, not by each process that is started.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check static packages programs soak bench constraints format clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO) ## two solar sites, live, on this machine (DEMO_PORT=8000, DEMO_SECONDS=n to end by itself)
	@exec $(BIN)/python -m deploy.demo

test: ## all static checks and all tests
	@$(MAKE) --jobs=2 packages $(DEVELOPMENT)
	@$(MAKE) --jobs=2 --output-sync=line static programs
	$(BIN)/python -m pytest -n $(TESTERS) --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=85

check: static ## the static checks: format, lint, types, imports, documentation
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/unit/test_documentation.py

static: $(DEVELOPMENT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers $$(nproc)
	$(BIN)/lint-imports --cache-dir .import_linter_cache

# What tests need and pip does not have: begun while pip works, as far as that goes without it.
packages:
	@$(PYTHON) tests/programs/install.py > /dev/null 2>&1 || true

# The rest of it, or a word on what is missing.
programs: $(DEVELOPMENT)
	$(BIN)/python tests/programs/install.py

soak: programs ## the long forms of the tests of crashes, power cuts, outages and damage (hours)
	HELIOGRAPH_SOAK=1 $(BIN)/python -m pytest -m soak --timeout=0 -v --durations=20

bench: programs ## measure, print a table, write tests/benchmarks/results.json
	PYTHONPATH=$(CURDIR):$(CURDIR)/tests $(BIN)/python tests/benchmarks/run.py

format: $(DEVELOPMENT) ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: $(DEVELOPMENT) ## pin the newest versions of every dependency
	$(BIN)/uv pip compile --quiet --system-certs --upgrade --universal --all-extras --no-header \
	  --output-file constraints.txt pyproject.toml

clean: ## remove what the targets above made, the demo's data included
	rm -rf $(VENV) .demo .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* dist build

# uv unpacks on all cores, in a sixth of pip's time.
$(BIN)/uv:
	@$(PYTHON) deploy/check_python.py
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

$(DEMO): pyproject.toml constraints.txt | $(BIN)/uv
	@echo "Installing what the demo needs (once; half a minute)"
	@$(INSTALL) --editable '.[edge,collector,notify,embedded,train]'
	@$(COMPILE)
	@touch $@

$(DEVELOPMENT): pyproject.toml constraints.txt | $(BIN)/uv
	@echo "Installing what development needs (once; about a minute)"
	@$(INSTALL) --editable '.[edge,collector,notify,embedded,parquet,train,dev]'
	@$(COMPILE)
	@touch $(DEMO) $@
