# dlrun from a fresh clone: `make train`, `make test`, `make quickstart`. `make help` lists the rest.
# Needs a Python from 3.11 to 3.13 and nothing else; PYTHON=... names one to use.

CONFIG ?= configs/mnist_deep.yaml
CONFIGS ?= configs/activation_*.yaml

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
DLRUN := $(BIN)/dlrun
FIND_PYTHON = for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$python"; exit 0; }; done; \
	echo "dlrun needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others); found: $$(python3 --version 2>&1)." >&2; \
	echo "Install one of them, or name it: make train PYTHON=/path/to/python3.13" >&2; exit 1

LECTURE := mnist_softmax mnist_deep fashion_softmax fashion_deep fashion_conv \
	credit_logistic credit_logistic_mse credit_deep dense_7_4_3_1 linear_regression digits_deep \
	mnist_batch_1 mnist_batch_64 mnist_batch_full \
	activation_identity activation_sigmoid activation_tanh activation_relu activation_leaky_relu \
	moons_underfit moons_fit moons_overfit
SWEEP := $(wildcard $(CONFIGS))

.PHONY: help train quickstart lecture sweep summary test test-data test-slow check format clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

train: .venv/installed ## Train CONFIG (default configs/mnist_deep.yaml)
	$(DLRUN) train $(CONFIG)

quickstart: .venv/installed ## Train on the digits inside scikit-learn: no download, seconds
	$(DLRUN) train configs/digits_deep.yaml

lecture: ## Train every experiment of the lecture, then show the table
	$(MAKE) sweep CONFIGS="$(LECTURE:%=configs/%.yaml)"

# One target a config, so that `make -j2 sweep` uses both cores (quietly, or two displays would
# write over each other); --keep-going after a failure, and the table comes whatever happens.
sweep: .venv/installed ## Train a batch: make sweep CONFIGS="configs/activation_*.yaml"
	@test -n "$(SWEEP)" || { echo "no config matches CONFIGS=$(CONFIGS)" >&2; exit 2; }
	@status=0; $(MAKE) --no-print-directory --keep-going $(SWEEP:%=sweep-one/%) || status=$$?; \
	$(DLRUN) summary --limit 0; exit $$status

sweep-one/%: .venv/installed
	$(DLRUN) train $* $(if $(findstring jobserver,$(MAKEFLAGS)),--quiet)

summary: .venv/installed ## The table of all runs
	$(DLRUN) summary

test: .venv/installed-dev ## Run the tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-data: .venv/installed-dev ## Fetch the real data sets and check them
	$(BIN)/python -m pytest -q -m real_data

test-slow: .venv/installed-dev ## The tests that take minutes
	$(BIN)/python -m pytest -q -m slow

check: .venv/installed-dev ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-dev ## Mend formatting and what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment; runs and data stay
	rm -rf .venv

.venv/created:
	@python="$$($(FIND_PYTHON))" && "$$python" -m venv .venv && touch $@

.venv/installed: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
