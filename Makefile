# Each target works on a fresh clone: it makes .venv when there is none.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# What `make gate` plays this tree against: the commit before, or this one in a clone without a past.
BASE ?= $(shell git rev-parse --verify --quiet HEAD^ || echo HEAD)
EVIDENCE := reports/gate/evidence

# Where the real FER2013 is, for the tests that use it: nowhere else is it looked for.
BENCHBENCH_FER2013 ?= $(wildcard ../shared/data/fer2013/fer2013.csv.gz)
export BENCHBENCH_FER2013

.PHONY: install table3 test thorough accuracy peers sinabs lint corpus mutants sensors fuzz faults kills bench gate gpu-kit gpu evidence docs docs-test browser-test cluster-test clean

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

table3: $(INSTALLED)  ## Table 3 on drawn faces, in about four minutes of measuring on two cores
	$(BIN)/benchbench run suites/table3.yaml --quick

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

thorough: $(INSTALLED)  ## every combination of reset, slope and time steps that is compiled, every option of a recipe: about five minutes on two cores, estimated
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m thorough

accuracy: $(INSTALLED)  ## the tests that train networks, about half an hour on two cores
	$(BIN)/python -m pytest -m training

peers: $(INSTALLED)  ## compare with other tools, where they can be installed
	$(BIN)/python -m pip install --quiet --editable '.[dev,peers]'
	$(BIN)/python -m pytest -m peers

SINABS := $(VENV)-sinabs

sinabs:  ## the tests of sinabs, in an environment of its own: it pins nir and needs samna
	test -x $(SINABS)/bin/python || $(PYTHON) -m venv $(SINABS)
	$(SINABS)/bin/python -m pip install --quiet --editable '.[pytest]' hypothesis 'sinabs>=2'
	$(SINABS)/bin/python -m pytest tests/frameworks/test_sinabs.py

browser-test: $(INSTALLED)  ## every reference report in a headless Chromium, about two minutes
	$(BIN)/python -m pip install --quiet --editable '.[dev,browser]'
	command -v chromium && command -v pdftotext || apt-get install --yes --quiet chromium poppler-utils
	$(BIN)/python -m pytest -m browser tests/browser

cluster-test: $(INSTALLED)  ## suites by a real Slurm of two nodes on this machine, about four minutes; installs it by apt where it can
	command -v slurmctld && command -v munged || .ci/slurm
	$(BIN)/python -m pytest -m cluster tests/cluster

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

corpus: $(INSTALLED)  ## count models of others against independent counters and published figures, six minutes and more on two cores
	$(BIN)/python -m pip install --quiet --editable '.[dev,corpus]'
	$(BIN)/python tests/corpus/make_corpus.py --out reports/corpus

mutants: $(INSTALLED)  ## do the tests notice a wrong verdict, ratio, interval, formula or merge? about five minutes
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/python tests/mutants/report.py --least 85

sensors: $(INSTALLED)  ## 10,000 whole measurements on simulated sensors that fail, about two minutes
	BENCHBENCH_SENSORS=10000 $(BIN)/python -m pytest -n 0 tests/probes/test_energy_faults.py --hypothesis-show-statistics

fuzz: $(INSTALLED)  ## thousands of damaged suites, data files, results, journals, traces and checkpoints
	$(BIN)/python tests/fuzz/make_fuzz.py --out reports/fuzz

faults: $(INSTALLED)  ## some fifty models that misbehave, each a row with its true reason, about ten minutes
	$(BIN)/python tests/faults/faulty_models.py --out reports/faults

kills: $(INSTALLED)  ## a hundred kills: nothing lost, nothing left running or locked, about half an hour
	$(BIN)/python tests/faults/kills.py --out reports/faults

bench: $(INSTALLED)  ## the zoo's steps, what the harness costs against a hand-written loop, counting, and backends against SpikingJelly's defaults; about twenty minutes
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/counting.py
	$(BIN)/python tests/benchmarks/backends.py

gate: $(INSTALLED)  ## this tree against BASE: changed counts fail, times are told; about four minutes
	$(BIN)/benchbench gate --base $(BASE) --fail-on counts

gpu-kit: $(INSTALLED)  ## the wheels that `make gpu` needs where there is no network, at most 50 MiB
	.ci/gpu-kit

gpu:  ## what an hour with a GPU is for, in eight minutes, from .gpu-kit; PYTHON has torch already
	$(PYTHON) .ci/gpu.py

evidence: $(INSTALLED)  ## what reports/gate/evidence rests on, from nothing: about two hours
	$(BIN)/python -m pip install --quiet --editable '.[dev,peers]'
	$(BIN)/python tests/evidence/record.py --pairs 60 --out $(EVIDENCE)
	$(BIN)/python tests/evidence/simulate.py --samples $(EVIDENCE)
	$(BIN)/python tests/evidence/real.py --out $(EVIDENCE) --slowdown 0 --gates 10
	$(BIN)/python tests/evidence/real.py --out $(EVIDENCE) --slowdown 5 --gates 10
	$(BIN)/python tests/evidence/real.py --out $(EVIDENCE) --slowdown 3 --gates 5 --long

docs: $(INSTALLED)  ## the pages of docs/ as site/index.html, with nothing from outside
	$(BIN)/python -m pip install --quiet --editable '.[dev,docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-test: $(INSTALLED)  ## every command and every example of README and docs/ runs, some minutes
	$(BIN)/python -m pytest -m 'docs or not docs' tests/docs

clean:
	rm -rf site $(VENV) $(SINABS) build dist *.egg-info
