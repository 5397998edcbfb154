# make mujoco: set up, run the default scale, print Table 2. make paper: all tables, figures and claims. make test: check everything.
# the first Python that runs and is 3.11, 3.12 or 3.13
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
    $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
    && command -v $$name && break; done)
# where PyTorch comes from; empty: its CPU build (README, "Set-up")
TORCH_INDEX ?=
CORES ?= all
WORKERS ?= 2
SCALE ?= quick
CONFIG := config/$(if $(filter quick,$(SCALE)),config,$(SCALE)).yaml
SCALES := quick $(filter-out config,$(basename $(notdir $(wildcard config/*.yaml))))
ifeq ($(filter $(SCALE),$(SCALES)),)
$(error unknown SCALE=$(SCALE); known: $(SCALES) (files of config/))
endif
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
WHAT ?= all_mujoco
# what `make report` prints of a target
PAGE_all_mujoco := mujoco/table2
PAGE_paper_mujoco := claims_mujoco
PAGE_all_claims := claims
PAGE_all_key_to_door := key_to_door/table6
PAGE_all_critic := critic/figure5
PAGE_all_graph := graph/figure6
PAGE_all_atari := atari/table1
PAGE_paper_atari := claims_atari
CHECKS := check-records reproduce link
.PHONY: help demo docs mujoco paper report desk trials reference $(CHECKS) test test-all lint types test-fast test-slow test-long \
    test-isa bench lock behaviours clean

PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)
FAST := $(PYTEST) -m "not slow and not long" --dist worksteal
# run a command and print how long it took: $(call timed,NAME,COMMAND)
timed = @start=$$(date +%s); echo "== $(1)"; $(2) || exit 1; echo "== $(1): $$(($$(date +%s) - start)) s"

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(INSTALLED): requirements.lock pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" sh tools/setup.sh

DEMO := hopper-medium-replay
demo: $(INSTALLED) ## a first look in three minutes: DT, BC and 10%BC on one data set, DT at several target returns, two videos
	$(BIN)/python -m bench run all_demo all_demo_targets --cores $(CORES) --configfile config/demo.yaml
	@for target in 700 3600; do \
	  $(BIN)/python -m bench video --run results/demo/runs/$(DEMO)/dense/100/dt/0 --target $$target --every 4 --fps 30 \
	    --out reports/demo/demo/$(DEMO).dt-asked-for-$$target.webm || true; \
	done
	@cat reports/demo/demo/table2.md reports/demo/demo_targets/figure4.md
	@$(BIN)/python -m bench report --config config/demo.yaml

mujoco: $(INSTALLED) ## train, evaluate and tabulate DT, CQL, IQL, TD3+BC, BC and 10%BC on MuJoCo (CORES=2, SCALE=smoke)
	$(BIN)/python -m bench run all_mujoco --cores $(CORES) --configfile $(CONFIG)
	@$(MAKE) --no-print-directory report SCALE=$(SCALE)

paper: $(INSTALLED) ## all of the paper's continuous control: tables, figures, the ledger of claims
	$(BIN)/python -m bench run paper_mujoco --cores $(CORES) --configfile $(CONFIG)
	@$(MAKE) --no-print-directory report SCALE=$(SCALE) WHAT=paper_mujoco

report: $(INSTALLED) ## make the pages of SCALE, and put its files on one page (WHAT=paper_mujoco, all_key_to_door, ...)
	@[ $(WHAT) = all_mujoco -a reports/$(SCALE)/report.html -nt reports/$(SCALE)/mujoco/table2.html ] || $(BIN)/snakemake $(WHAT) \
	    --cores 1 --configfile $(CONFIG) --quiet all --report reports/$(SCALE)/report.html
	@$(if $(PAGE_$(WHAT)),cat reports/$(SCALE)/$(PAGE_$(WHAT)).md)
	@echo "all files on one page: reports/$(SCALE)/report.html"
	@$(BIN)/python -m bench report --config $(CONFIG)

reproduce: $(INSTALLED) ## run one cheap run of each method and kind of data again, and compare bytes
	$(BIN)/snakemake reproduce --cores $(CORES) --configfile config/smoke.yaml --rerun-triggers mtime --quiet all

link: $(INSTALLED) ## the same, and where all is equal, finished runs of the older code stay valid
	$(BIN)/snakemake link --cores $(CORES) --configfile config/smoke.yaml --rerun-triggers mtime --quiet all

check-records: $(INSTALLED) ## fail on records in reports/reference that were not made by the current code, and name them
	$(BIN)/python -m bench records check --strict

desk: $(INSTALLED) ## everything at scale desk, 43 core-hours; stop it at any time, the same command continues
	$(BIN)/python -m bench run all --cores $(CORES) --configfile config/desk.yaml

trials: $(INSTALLED) ## trials of settings for each method, 8 core-hours; the same command continues
	$(BIN)/snakemake all_trials all_trials_rvs all_finals all_trials_atari all_updates --cores $(CORES) --configfile config/trials.yaml
	@cat reports/trials/*/trials.md

reference: ## keep the tables and records of SCALE as what the repository shows
	$(BIN)/python tools/reference.py $(SCALE)
	$(BIN)/python tools/tables.py

test: lint types test-fast test-slow ## every check but the long ones: format, lint, types, tests

test-all: test test-long ## and the long ones: kills, damaged files, other instruction sets

lint: $(INSTALLED) ## format and lint
	$(call timed,ruff check,$(BIN)/ruff check .)
	$(call timed,ruff format,$(BIN)/ruff format --check .)
	$(call timed,snakefmt,$(BIN)/snakefmt --check Snakefile workflow)
	$(call timed,snakemake --lint,$(BIN)/snakemake --lint)

types: $(INSTALLED) ## mypy
	$(call timed,mypy,$(BIN)/mypy)

test-fast: $(INSTALLED) ## the tests of single parts
	$(call timed,pytest: fast,$(FAST))

test-slow: $(INSTALLED) ## the tests that run whole pipelines, trainings and processes
	$(call timed,pytest: slow,$(PYTEST) -m "slow and not long" --dist loadfile)

test-long: $(INSTALLED) test-isa ## what `make test` leaves out
	$(call timed,pytest: long,$(PYTEST) -m long --dist loadfile)

test-isa: $(INSTALLED) ## the fast tests as on processors without AVX-512, and without its bfloat16
	$(call timed,pytest: AVX2,ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 $(FAST))
	$(call timed,pytest: AVX512_CORE,ONEDNN_MAX_CPU_ISA=AVX512_CORE $(FAST))

bench: $(INSTALLED) ## the speed measurements behind docs/speed.md, 20 minutes; the table of ratios
	@mkdir -p results/benchmarks/raw
	@for file in benchmarks/test_*.py; do \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest $$file --benchmark-only -p no:randomly \
	    --benchmark-json results/benchmarks/raw/$$(basename $$file .py).json || exit 1; \
	done
	@$(BIN)/python benchmarks/table.py results/benchmarks/raw results/benchmarks

docs: $(INSTALLED) ## the documentation as a site, in build/site; fails on a wrong link
	@$(BIN)/python tools/docs_site.py

lock: $(INSTALLED) ## resolve pyproject.toml again: locks and environment.yml (UPGRADE=--upgrade: newest versions)
	$(BIN)/python tools/lock.py $(UPGRADE)

behaviours: $(INSTALLED) ## what training behaviour policies needs on top
	$(BIN)/python -m pip install --no-deps --require-hashes -r requirements-behaviours.lock
	$(BIN)/python -m pip check

clean: ## remove the virtual environment and caches; results and data stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
