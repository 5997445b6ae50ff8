# On a fresh machine with Python 3.11: `make demo` and `make test`. Each sets up .venv when it has to.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT ?= build/demo

TABLES_OUT ?= build/tables
TABLES_SEEDS ?= 3

.PHONY: demo tables test check wheel docs mutants bench bench-candidates gpu-check format lock clean

demo: $(VENV)/.runtime
	$(BIN)/icdbridge demo --out $(DEMO_OUT)

# The paper's tables on small synthetic corpora, into docs/tables-synthetic.md; the same command goes on after a stop.
tables: $(VENV)/.dev
	test -d $(TABLES_OUT)/mimic3 || $(BIN)/icdbridge synthesize mimic3 --out $(TABLES_OUT)/mimic3 \
	  --notes 150 --words 100 --concepts 150 --seed 1
	test -d $(TABLES_OUT)/mimic4 || $(BIN)/icdbridge synthesize mimic4 --out $(TABLES_OUT)/mimic4 \
	  --notes 600 --words 100 --concepts 150 --seed 2
	test -d $(TABLES_OUT)/corpora/mimic3-icd9 || $(BIN)/icdbridge prepare mimic3 \
	  --root $(TABLES_OUT)/mimic3 --out $(TABLES_OUT)/corpora/mimic3-icd9
	for version in icd9 icd10; do test -d $(TABLES_OUT)/corpora/mimic4-$$version || $(BIN)/icdbridge prepare mimic4 \
	  --root $(TABLES_OUT)/mimic4 --version $$version --out $(TABLES_OUT)/corpora/mimic4-$$version || exit; done
	$(BIN)/icdbridge reproduce all --corpora $(TABLES_OUT)/corpora --out $(TABLES_OUT) --preset small --seeds $(TABLES_SEEDS) \
	  --set epochs=6 --set batch_size=4 --markdown > $(TABLES_OUT)/tables.md
	{ echo '# The tables on synthetic corpora'; echo; \
	  echo 'Synthetic notes, by `make tables TABLES_SEEDS=$(TABLES_SEEDS)`: every table can be made; how good a model is on real'; \
	  echo 'notes they do not say.'; \
	  echo; cat $(TABLES_OUT)/tables.md; } > docs/tables-synthetic.md

# Compiled modules are kept, whatever the environment says: three workers and sixty processes would compile them anew.
# A worker more than the two cores of a small machine: one or another waits for a server, a browser or a time limit.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Lint, format and types.
check: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

# The wheel, installed without torch and used outside the checkout.
wheel:
	PYTHON=$(PYTHON) .ci/wheel

# The documentation site, into build/site; `make docs DOCS=serve` shows it at http://127.0.0.1:8000 while you write.
DOCS ?= build
docs: $(VENV)/.docs
	$(BIN)/mkdocs $(DOCS) --strict

# Small changes of the source that the tests should notice, a seeded sample of each module; some half an hour of one core.
MUTANTS ?= 20
MUTANTS_SEED ?= 0
mutants: $(VENV)/.dev
	$(BIN)/python -m benchmarks.mutants --mutants $(MUTANTS) --seed $(MUTANTS_SEED)

# PAPER_CODE=DIR: a checkout of the paper's own code, to measure it too. CLOCK=cpu where others compute as well.
# Of the candidate search it prints what the last `make bench-candidates` found: the first one makes a corpus with 26,147
# codes and trains a model on it with matching and one without, which takes an hour and a half; build/bench keeps them.
BENCH_OPTIONS = $(if $(PAPER_CODE),--paper-code $(PAPER_CODE)) $(if $(CLOCK),--clock $(CLOCK))
bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.scoring --growth $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.training $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.summary

bench-candidates: $(VENV)/.dev
	$(BIN)/python -m benchmarks.candidates $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.candidates --matching $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.summary

# On a machine with a GPU and a torch that uses it: eight minutes, into build/gpu/gpu-check.md. Nothing else needs to be
# installed; WHEELS=DIR takes packages from a folder where there is no network.
GPU_VENV := .venv-gpu
gpu-check: $(GPU_VENV)/.installed
	PYTHONPATH=src $(GPU_VENV)/bin/python -m benchmarks.gpu_check $(if $(PAPER_CODE),--paper-code $(PAPER_CODE))

$(GPU_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(GPU_VENV)
	# the packages of PYTHON, which may be a virtual environment itself, are seen in this one
	$(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > $$($(GPU_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/outer.pth
	$(GPU_VENV)/bin/python -c 'import torch; assert torch.cuda.is_available(), "torch finds no CUDA GPU here"'
	$(GPU_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  $(if $(WHEELS),--no-index --find-links $(WHEELS)) $$($(GPU_VENV)/bin/python -m benchmarks.gpu_needs)
	touch $@

format: $(VENV)/.dev
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

$(VENV)/.runtime: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(VENV)/.docs: requirements-docs.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

# Pins everything that pyproject.toml pulls in; run it after changing a dependency there.
FREEZE = build/lock/bin/pip freeze --exclude icdbridge --exclude setuptools --exclude pip | sed 's/+cpu//'
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet '.[models]'
	$(FREEZE) > requirements.txt
	build/lock/bin/pip install --quiet '.[dev]'
	(echo '-r requirements.txt'; $(FREEZE) | grep -vxFf requirements.txt) > requirements-dev.txt
	$(FREEZE) > build/lock/pins.txt && $(PYTHON) -m venv --clear build/lock/docs
	build/lock/docs/bin/pip install --quiet -c build/lock/pins.txt '.[docs]'
	build/lock/docs/bin/pip freeze --exclude icdbridge > requirements-docs.txt

clean:
	rm -rf build $(VENV)
