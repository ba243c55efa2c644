# Each target works on a fresh clone: it makes .venv when there is none.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: install table3 test accuracy peers lint bench clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

table3: $(INSTALLED)  ## Table 3 on drawn faces, in about five minutes of measuring on two cores
	$(BIN)/benchbench run suites/table3.yaml --quick

test: $(INSTALLED)
	$(BIN)/python -m pytest

accuracy: $(INSTALLED)  ## the tests that train networks, about half an hour on two cores
	$(BIN)/python -m pytest -m training

peers: $(INSTALLED)  ## compare with other tools, where they can be installed
	$(BIN)/python -m pip install --quiet --editable '.[dev,peers]'
	$(BIN)/python -m pytest -m peers

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)  ## what the harness itself costs, against a hand-written loop
	$(BIN)/python tests/benchmarks/overhead.py

clean:
	rm -rf $(VENV) build dist *.egg-info
