# dlrun from a fresh clone: `make train`, `make test`, `make quickstart`. `make help` lists the rest.
# Needs a Python from 3.11 to 3.13 and nothing else; PYTHON=... names the one to use.
# Written for GNU make 3.81 (macOS) and any POSIX sh (on Windows that of Git).

CONFIG ?= configs/mnist_deep.yaml
CONFIGS ?= configs/activation_*.yaml
SWEEP ?= configs/sweeps/mnist_learning_rates.yaml

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
DLRUN := $(BIN)/dlrun
PYTHONS := $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python)
PRINT_VERSION := import sys; sys.stdout.write("%d.%d.%d" % sys.version_info[:3])

LECTURE := mnist_softmax mnist_deep mnist_mlp mnist_drawings fashion_softmax fashion_deep fashion_conv \
	credit_logistic credit_logistic_mse credit_deep dense_7_4_3_1 linear_regression digits_deep \
	mnist_batch_1 mnist_batch_64 mnist_batch_full \
	activation_identity activation_sigmoid activation_tanh activation_relu activation_leaky_relu \
	moons_underfit moons_fit moons_overfit
SWEEPS := activations learning-rates batch-sizes width-depth optimizers search
BATCH := $(wildcard $(CONFIGS))
UNMATCHED := $(strip $(foreach pattern,$(CONFIGS),$(if $(wildcard $(pattern)),,$(pattern))))

.PHONY: help train quickstart lecture batch batch-matches batch-table summary \
	sweep sweeps sweep-activations sweep-learning-rates sweep-batch-sizes sweep-width-depth \
	sweep-optimizers sweep-search \
	test test-data test-slow test-crash test-web bench bench-sweep pictures check format clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

train: .venv/installed ## Train CONFIG (default configs/mnist_deep.yaml)
	$(DLRUN) train $(CONFIG)

quickstart: .venv/installed ## Train on the digits inside scikit-learn: no download, seconds
	$(DLRUN) train configs/digits_deep.yaml

lecture: ## Train every experiment of the lecture, then show the table
	$(MAKE) batch CONFIGS="$(LECTURE:%=configs/%.yaml)"

# One target a config, so that `make -j2 batch` uses both cores (quietly, or two displays would
# write over each other); --keep-going after a failure, and the table comes whatever happens.
batch: batch-matches .venv/installed ## Train a batch: make batch CONFIGS="configs/activation_*.yaml"
	@status=0; $(MAKE) --no-print-directory --keep-going $(BATCH:%=batch-one/%) || status=$$?; \
	$(MAKE) --no-print-directory batch-table; exit $$status

batch-matches:
	@test -z '$(UNMATCHED)' || { echo 'no config matches $(UNMATCHED)' >&2; exit 2; }
	@test -n '$(BATCH)' || { echo 'CONFIGS names no config' >&2; exit 2; }

batch-one/%: .venv/installed
	$(DLRUN) train $* $(if $(findstring jobserver,$(MAKEFLAGS)),--quiet)

batch-table: .venv/installed
	@$(DLRUN) summary --limit 0

# What is trained already, what is missing and what a Ctrl-C left half done is dlrun's to know:
# the same target again goes on. One sweep after another, also with -j2, for each uses all cores;
# one with failed trials (exit code 3) does not keep the next from being run.
ifneq ($(filter sweep%,$(MAKECMDGOALS)),)
.NOTPARALLEL:
MAKEFLAGS += --keep-going
endif

sweep: .venv/installed ## Train variants of a config: make sweep SWEEP=configs/sweeps/mnist_optimizers.yaml
	$(DLRUN) sweep $(SWEEP)

sweeps: $(SWEEPS:%=sweep-%) ## All shipped sweeps, one after another (a quarter of an hour)

sweep-activations: sweep/mnist_activations ## Seven activation functions on MNIST

sweep-learning-rates: sweep/mnist_learning_rates ## Learning rates from too small to too large

sweep-batch-sizes: sweep/mnist_batch_sizes ## Batches from 8 images to all

sweep-width-depth: sweep/mnist_width_depth sweep/fashion_width_depth ## Wider or deeper, on MNIST and Fashion-MNIST

sweep-optimizers: sweep/mnist_optimizers ## Five optimizers, each at four learning rates

sweep-search: sweep/mnist_search ## A search of seven keys by Optuna, which it installs

sweep/mnist_search: .venv/installed-sweep

sweep/%: .venv/installed
	$(DLRUN) sweep configs/sweeps/$*.yaml

summary: .venv/installed ## The table of all runs
	$(DLRUN) summary

test: .venv/installed-dev ## Run the tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

test-data: .venv/installed-dev ## Fetch the real data sets and check them
	$(BIN)/python -m pytest -q -m real_data

test-slow: .venv/installed-dev ## The tests that take minutes
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m slow

test-crash: .venv/installed-dev ## Kill training processes and sweeps at 241 random instants (a quarter of an hour)
	$(BIN)/python -m pytest -q -n 2 -m crash

test-web: .venv/installed-dev ## A real Chromium draws on the page of dlrun serve (half a minute)
	$(BIN)/python -m pytest -q -m web

bench: .venv/installed ## Measure against plain scripts (minutes), into the README; QUICK=1 tries it out
	$(BIN)/python tests/bench/run.py$(if $(QUICK), --quick)$(if $(BENCH), $(BENCH))

bench-sweep: .venv/installed-bench ## Sweeps against scripts and KerasTuner, likewise (minutes)
	$(BIN)/python tests/bench/sweep_run.py$(if $(QUICK), --quick)$(if $(BENCH), $(BENCH))

# Real runs, in a folder of their own; what they print is quoted in the README by hand.
pictures: .venv/installed-dev ## Draw the README's pictures again (nine minutes)
	@set -e; export DLRUN_RUNS_DIR=runs/pictures; \
	folds=$$($(DLRUN) train configs/credit_logistic.yaml 'dataset.split={kfold: 5, test: 0.1}' -q); \
	relu=$$($(DLRUN) train configs/activation_relu.yaml repeat=5 -q); \
	tanh=$$($(DLRUN) train configs/activation_tanh.yaml repeat=5 -q); \
	mnist=$$($(DLRUN) train configs/mnist_deep.yaml repeat=5 training.epochs=10 -q); \
	fashion=$$($(DLRUN) train configs/fashion_deep.yaml repeat=5 training.epochs=10 -q); \
	overfit=$$($(DLRUN) train configs/moons_overfit.yaml -q); \
	$(DLRUN) plot $$folds --metric accuracy --output .readme/kfold.png; \
	$(DLRUN) compare $$relu $$tanh --output .readme/compare.png; \
	$(DLRUN) compare $$mnist $$fashion --output .readme/mnist_fashion.png; \
	$(DLRUN) diagnose $$overfit; \
	$(DLRUN) plot $$overfit --metric loss --output .readme/overfit.png; \
	grid=$$($(DLRUN) sweep configs/sweeps/mnist_width_depth.yaml -q); \
	$(DLRUN) plot $$grid; \
	cp $$grid/plots/heat_map.png .readme/heat_map.png; \
	$(BIN)/python -m tests.hands runs/pictures/drawings; \
	drawn=$$($(DLRUN) train configs/mnist_drawings.yaml -q); \
	$(DLRUN) predict $$drawn 'runs/pictures/drawings/[0-3]*' -q; \
	cp $$drawn/predictions/*/contact_sheet.png .readme/contact_sheet.png; \
	$(BIN)/python tests/web/picture.py $$mnist/repeats/0 .readme/serve.png

check: .venv/installed-dev ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-dev ## Mend formatting and what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment; runs and data stay
	rm -rf .venv

# The first Python that will do: PYTHON alone where it is given, else one of the usual names.
.venv/created:
	@found=; for python in $(PYTHONS); do \
		version=$$("$$python" -c '$(PRINT_VERSION)' 2>/dev/null) || continue; \
		case "$$version" in (3.11.*|3.12.*|3.13.*) \
			"$$python" -m venv .venv && touch $@; exit $$?;; \
		esac; \
		found="$$found$${found:+, }$$python is Python $$version"; \
	done; \
	found="$${found:-$(if $(PYTHON),$(PYTHON) cannot be started,no Python)}"; \
	printf '%s\n' "dlrun needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others); found: $$found." \
		"Install one of them, or name it: make train PYTHON=/path/to/python3.13" >&2; exit 1

.venv/installed: .venv/created pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.venv/installed-sweep: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sweep]'
	@touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@
