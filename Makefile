# Two commands on a fresh machine: `make run` and `make test`; each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup models run chat test check fix bench soak starter-model clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 16

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Atelier needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev,cluster,quant]'
	@touch $@

setup: $(INSTALLED) ## install into .venv (nothing is done twice)

models: $(INSTALLED) ## fetch the starter models (nothing is fetched twice)
	@$(BIN)/atelier models fetch

run: models ## set up everything and start Atelier
	@$(BIN)/atelier run

chat: models ## talk in the terminal
	@$(BIN)/atelier chat

test: models ## set up and run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(INSTALLED) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

fix: $(INSTALLED) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: models ## measure, against the peers in one run (PART="start memory": these only)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,cluster,quant,bench]'
	@$(BIN)/python -m tests.bench.run $(PART)

soak: models ## both platforms for ten minutes with cut lines, refusals and kills (MINUTES=2 SEED=7)
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

starter-model: $(INSTALLED) ## train the built-in picture model (CONFIG=cpu WORK=.training MINUTES=60)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,cluster,quant,train]'
	@OMP_WAIT_POLICY=PASSIVE nice -n 19 $(BIN)/python deploy/starter-model/train.py $(or $(CONFIG),cpu) \
	  --work $(or $(WORK),.training) --minutes $(or $(MINUTES),100000)

clean: ## remove what setting up made
	rm -rf $(VENV) .models .mypy_cache .ruff_cache .pytest_cache
