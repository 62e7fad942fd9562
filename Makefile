# make demo: a picture from an imitation of the vendor, without a key.   make test: all that has to hold.
# PYTHON names the interpreter that .venv is made with: make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup demo test lint format types imports docs docs-check tests chats breakages soak ecosystem bench
.DEFAULT_GOAL := help

help:
	@echo "make demo    set up, and make a picture without a key"
	@echo "make setup   a virtual environment in .venv with what the command needs"
	@echo "make test    lint, format, types, imports, docs-check and tests; each is a target of its own"
	@echo "make docs    write the documents that are made from the code"
	@echo "make soak    random faults, 500 sequences in one process and 500 of real processes; SEED=word repeats a run"
	@echo "make ecosystem  the real skills and openclaw programs over a staged copy; they go to .venv/ecosystem, 1 GB"
	@echo "make bench   how soon, how often and how much, as ratios against a plain client; ONLY=word has one part"
	@echo "make chats   conversations with a mechanical agent, in both languages"
	@echo "make breakages  break the product on purpose, a line at a time, and see that a test notices"

# What the command needs. The stamps keep a second run from installing again.
setup: $(VENV)/.needs

$(VENV)/.needs: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "media-studio needs Python 3.10 or newer; $(PYTHON) is " + sys.version.split()[0] + ". Name another: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing what media-studio needs into $(VENV) ..."
	@$(PIP_INSTALL) .
	@touch $@

demo: setup
	$(BIN)/python scripts/create.py make --sandbox --speed 10 --prompt "a lighthouse at dusk, oil painting" --aspect-ratio 16:9

# What the checks need besides.
$(VENV)/.test-needs: $(VENV)/.needs
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make test needs Python 3.11 or newer (skills-ref does); $(VENV) has " + sys.version.split()[0] + ". Remove $(VENV), then: make test PYTHON=python3.12")'
	@echo "Installing what the checks need into $(VENV) ..."
	@$(PIP_INSTALL) ".[test]"
	@touch $@

test: lint format types imports docs-check tests

lint: $(VENV)/.test-needs
	$(BIN)/ruff check .

format: $(VENV)/.test-needs
	$(BIN)/ruff format --check .

types: $(VENV)/.test-needs
	$(BIN)/mypy

imports: $(VENV)/.test-needs
	PYTHONPATH=scripts $(BIN)/lint-imports

docs-check: $(VENV)/.test-needs
	$(BIN)/python tools/gen_docs.py --check

# One worker more than there are cores: many tests wait for a vendor that hangs.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

tests: $(VENV)/.test-needs
	$(BIN)/python -m pytest -n $(WORKERS)

# The conversations alone.
chats: $(VENV)/.test-needs
	$(BIN)/python -m pytest -n auto tests/chat

breakages: $(VENV)/.test-needs
	$(BIN)/python tools/breakages.py

ecosystem: $(VENV)/.needs
	$(BIN)/python tools/ecosystem.py

bench: $(VENV)/.test-needs
	PYTHONPATH=scripts:tests $(BIN)/python -m bench $(ONLY)

# Other seeds each time; what broke is told with its seed.
SEED := $(or $(SEED),$(shell date +%s))

soak: $(VENV)/.test-needs
	RANDOM_FAULTS_SEED=$(SEED) RANDOM_FAULTS_OF_PROCESSES=500 $(BIN)/python -m pytest -n auto -rP tests/random_faults

docs: $(VENV)/.needs
	$(BIN)/python tools/gen_docs.py
