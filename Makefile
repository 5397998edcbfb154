# make mujoco: set up, run the default scale, print Table 2. make paper: all tables, figures and claims. make test: check everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
CORES ?= all
SCALE ?= quick
CONFIG := config/$(if $(filter quick,$(SCALE)),config,$(SCALE)).yaml
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
.PHONY: help mujoco paper report reference $(CHECKS) test bench lock behaviours clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(INSTALLED): requirements.lock pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" sh tools/setup.sh
	@touch $@

mujoco: $(INSTALLED) ## train, evaluate and tabulate DT, CQL, BC and 10%BC on MuJoCo (CORES=2, SCALE=smoke)
	$(BIN)/snakemake all_mujoco --cores $(CORES) --configfile $(CONFIG)
	@$(MAKE) --no-print-directory report SCALE=$(SCALE)

paper: $(INSTALLED) ## all of the paper's continuous control: tables, figures, the ledger of claims
	$(BIN)/snakemake paper_mujoco --cores $(CORES) --configfile $(CONFIG)
	@$(MAKE) --no-print-directory report SCALE=$(SCALE) WHAT=paper_mujoco

report: $(INSTALLED) ## put the tables and figures of SCALE on one page (WHAT=paper_mujoco, all_key_to_door, ...)
	@[ $(WHAT) = all_mujoco -a reports/$(SCALE)/report.html -nt reports/$(SCALE)/mujoco/table2.html ] || $(BIN)/snakemake $(WHAT) \
	    --cores 1 --configfile $(CONFIG) --quiet all --report reports/$(SCALE)/report.html
	@$(if $(PAGE_$(WHAT)),cat reports/$(SCALE)/$(PAGE_$(WHAT)).md)
	@echo "report: reports/$(SCALE)/report.html"

reproduce: $(INSTALLED) ## run one cheap run of each method and kind of data again, and compare bytes
	$(BIN)/snakemake reproduce --cores $(CORES) --configfile config/smoke.yaml --rerun-triggers mtime --quiet all

link: $(INSTALLED) ## the same, and where all is equal, finished runs of the older code stay valid
	$(BIN)/snakemake link --cores $(CORES) --configfile config/smoke.yaml --rerun-triggers mtime --quiet all

check-records: $(INSTALLED) ## name every record in reports/reference that was not made by the code of now
	$(BIN)/python -m bench records check

reference: ## keep the tables and records of SCALE as what the repository shows
	$(BIN)/python tools/reference.py $(SCALE)

test: $(INSTALLED) ## every check: format, lint, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -n 2 --dist loadfile

bench: $(INSTALLED) ## the speed measurements behind the README's figures, 20 minutes; the table of ratios
	@mkdir -p results/benchmarks/raw
	@for file in benchmarks/test_*.py; do \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest $$file --benchmark-only -p no:randomly \
	    --benchmark-json results/benchmarks/raw/$$(basename $$file .py).json || exit 1; \
	done
	@$(BIN)/python benchmarks/table.py results/benchmarks/raw results/benchmarks

lock: $(INSTALLED) ## resolve pyproject.toml again: locks and environment.yml
	$(BIN)/python tools/lock.py

behaviours: $(INSTALLED) ## what training behaviour policies needs on top
	$(BIN)/python -m pip install -r requirements-behaviours.lock

clean: ## remove the virtual environment and caches; results and data stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
