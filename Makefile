# The two commands of the README are `make demo` and `make test`; each sets up what it needs.
MODEMS ?= 4
LAB_SUITE ?= bookworm
PYTEST_ARGS ?=
export LAB_SUITE

BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin:/sbin

.PHONY: setup tools demo demo-stop test lint unit integration acceptance faults bench docs lock clean

setup:
	@scripts/setup

# Debian packages that the tests use beside those of the lab.
tools: setup
	@$(BIN)/python -m modemlab.host.tools

demo: setup
	@$(BIN)/modemfarm lab demo --modems $(MODEMS)

demo-stop: setup
	@$(BIN)/modemfarm lab down

test: lint unit integration acceptance

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint .
	$(BIN)/ansible-lint --offline --profile production

unit: tools
	$(BIN)/pytest tests/unit $(PYTEST_ARGS)

integration: tools
	$(BIN)/pytest tests/integration $(PYTEST_ARGS)

acceptance: tools
	$(BIN)/pytest tests/acceptance $(PYTEST_ARGS)

# The long suites: every fault with three seeds, a hundred kills, and what `make test` runs for a
# minute for as long as the promise says. Hours under emulation; MODEMFARM_SEEDS=1 for a quick look.
faults: export MODEMFARM_THIRD ?= all
faults: export MODEMFARM_SEEDS ?= 3
faults: export MODEMFARM_KILLS ?= 100
faults: export MODEMFARM_SOAK_S ?= 600
faults: tools
	$(BIN)/pytest tests/acceptance/faults tests/acceptance/test_together.py \
	  tests/integration/modemfarm/test_proxy_soak.py $(PYTEST_ARGS)

bench: tools
	$(BIN)/python -m modemlab.bench

# Drawings and tables of docs/ anew from the code, then the site below build/docs. `make unit` builds
# it as strictly, and compares.
docs: setup
	$(BIN)/python -m modemlab.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Maintainers only: renews the locks from pyproject.toml. No index address gets into them.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --extra api pyproject.toml -o requirements/host.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --extra api --extra console --extra dev pyproject.toml -o requirements/dev.lock

clean: demo-stop
	rm -rf build dist .venv
