# `make help` lists everything. Works as root on a bare Debian with python3, make and git.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements
PIP := $(BIN)/pip --quiet --disable-pip-version-check
WORKERS := 3# test processes, each with an engine of its own; they wait more than they compute
ROUNDS := 300# of bench-recovery: what a p99 needs
OWN_API := 1.41# of the machine's own engine, Debian 12's; `make test OWN_API=...` where it is another
NEWEST := .lab/newest/.venv# an environment of its own, in which nothing is locked; pyright wants its name to be .venv
DEBIAN13 := .lab/debian13# its engine is tested as well, where versions differ: API 1.45
BY_ENGINE := tests/engine tests/fidelity tests/e2e/test_rollback.py $(addprefix tests/faults/test_,removal.py prune.py \
	runtime.py what_cannot_work.py)# what the version of the engine makes a difference to
NOT_QUICK := alerts api bench campaign cli deployments e2e engine faults fidelity lab ledger probes setup# engines, packages, waiting
QUICK := $(filter-out $(NOT_QUICK:%=tests/%/),$(wildcard tests/*/))# a new room is quick until it is named there
IN_MEMORY := $(firstword $(wildcard /dev/shm) /tmp)# where nobody waits for a disk
TEST_PACKAGES := docker.io iproute2 iptables util-linux busybox-static prometheus prometheus-alertmanager redis-server redis-tools \
	postgresql systemd tmux

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: env engine ## watch this machine's engine: no configuration needed, metrics on 127.0.0.1:8080
	@exec $(BIN)/watchdog run

.PHONY: demo
demo: dev-env engine ## remove a service of a small stack and watch it come back, with measured times
	@scripts/ensure-packages.sh busybox-static
	@$(BIN)/python -m scripts.demo

.PHONY: demo-deploy
demo-deploy: dev-env engine ## lose that service by a deployment: three ways, each undone, and once on purpose
	@scripts/ensure-packages.sh busybox-static
	@$(BIN)/python -m scripts.demo_deploy

.PHONY: test
test: versions lint tests ## everything that must be green: lint, types, walls, all tests on a real engine

.PHONY: tests
tests: dev-env test-packages debian-engine ## all tests on a real engine
	$(BIN)/python -m pytest tests/policy tests/model tests/codecs \
		--cov=watchdog.policy --cov=watchdog.model --cov=watchdog.codecs --cov-branch --cov-fail-under=100
	LAB_REQUIRE_ENGINE=1 LAB_API_VERSION=$(OWN_API) $(BIN)/python -m pytest \
		--ignore=tests/policy --ignore=tests/model --ignore=tests/codecs -m "not long" --numprocesses=$(WORKERS) --dist=worksteal
	LAB_REQUIRE_ENGINE=1 LAB_API_VERSION=1.45 LAB_ENGINE_PATH=$(CURDIR)/$(DEBIAN13)/bin $(BIN)/python -m pytest \
		$(BY_ENGINE) --numprocesses=$(WORKERS) --dist=worksteal

.PHONY: lint
lint: dev-env ## style, types and the walls between rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --venvpath $(dir $(VENV))
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.structure

.PHONY: quick
quick: lint ## lint, and the tests that are pure or in virtual time: in under two minutes, for the inner loop
	TMPDIR=$(IN_MEMORY) $(BIN)/python -m pytest --quiet -m "not engine" --numprocesses=auto --dist=worksteal \
		$(QUICK) $$(grep -rl --include='test_*.py' '^@virtual_time' tests)

.PHONY: golden
golden: dev-env ## write anew what golden files say of what is stored and served: their diff is what a reviewer looks at
	$(BIN)/python -m pytest --quiet --rewrite-golden tests/ledger/test_old_ledgers.py tests/codecs tests/golden

.PHONY: test-newest
test-newest: dev-env ## lint and tests with the newest versions that pyproject.toml allows, and which these are
	python3 -m venv --clear --without-pip $(NEWEST)
	$(PIP) --python $(NEWEST)/bin/python install --editable '.[sql]' --group dev
	@$(NEWEST)/bin/python -m scripts.compare_lock $(LOCKS)/dev.txt || true
	@touch $(NEWEST)/.locked $(NEWEST)/.installed $(NEWEST)/.developed
	@failed=0; for what in lint tests; do $(MAKE) $$what VENV=$(NEWEST) || failed=1; done; exit $$failed

.PHONY: lock
lock: dev-env ## write the lock files after a change of pyproject.toml; what is locked stays where it is allowed
	scripts/lock.sh $(BIN)/uv

.PHONY: update
update: dev-env ## renew the lock files with the newest versions that pyproject.toml allows, and test
	scripts/lock.sh $(BIN)/uv --upgrade
	$(MAKE) test

.PHONY: faults
faults: ROUNDS := 500
faults: dev-env test-packages ## the fault catalogue, then random faults (ROUNDS=500 SEED=...), and a table of what became of them
	@failed=0; \
	LAB_REQUIRE_ENGINE=1 $(BIN)/python -m pytest --quiet tests/faults tests/deployments \
		tests/e2e/test_ending.py tests/e2e/test_setting_aside.py --numprocesses=$(WORKERS) --dist=worksteal || failed=1; \
	$(BIN)/python -m tests.campaign --rounds $(ROUNDS) --workers $(WORKERS) $(if $(SEED),--seed $(SEED)) || failed=1; \
	exit $$failed

.PHONY: bench-recovery
bench-recovery: dev-env test-packages ## how soon what was lost serves again, beside Docker, Swarm and autoheal; ROUNDS=20 is quick
	@$(BIN)/python -m bench.recovery --rounds $(ROUNDS)

.PHONY: bench-restore
bench-restore: dev-env test-packages ## how fast a whole host of 24 services in four tiers is back, beside the engine's floor
	@$(BIN)/python -m bench.restore

.PHONY: bench-deploy
bench-deploy: dev-env test-packages ## what a deployment costs as a transaction, and how fast a failed one is rolled back
	@$(BIN)/python -m bench.deploy

.PHONY: bench-footprint
bench-footprint: dev-env test-packages ## start-up times, CPU and memory of the daemon
	@$(BIN)/python -m bench.footprint

.PHONY: bench-scale
bench-scale: dev-env ## CPU and memory with 500 to 5,000 containers, on an engine in memory; draws docs/scale.svg
	@$(BIN)/python -m bench.scale

.PHONY: bench-probes
bench-probes: dev-env ## CPU of an HTTP probe beside blackbox_exporter, and 10,000 endpoints on one core
	@scripts/ensure-packages.sh nginx-light prometheus-blackbox-exporter
	@$(BIN)/python -m bench.probes

.PHONY: bench-alerts
bench-alerts: dev-env ## 10,000 incidents told to a receiver that is down half of the time by a daemon that is killed ten times
	@$(BIN)/python -m bench.alerts

.PHONY: bench-approvals
bench-approvals: dev-env test-packages ## from a person's yes to the start of the action that waited for it
	@$(BIN)/python -m bench.approvals

.PHONY: dist
dist: dev-env ## sdist and wheel in dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist

.PHONY: env
env: $(VENV)/.installed ## the virtual environment with watchdog in it

.PHONY: dev-env
dev-env: $(VENV)/.installed $(VENV)/.compose ## the same with everything that tests and lint need

.PHONY: engine
engine: ## bring a Docker engine where none is reachable; never replaces one
	@scripts/ensure-engine.sh

.PHONY: test-packages
test-packages: ## Debian packages that the tests run
	@scripts/ensure-packages.sh $(TEST_PACKAGES)

.PHONY: debian-engine
debian-engine: ## Debian 13's engine in a folder here, for tests beside the machine's own
	@scripts/ensure-debian13-engine.sh $(DEBIAN13)

.PHONY: versions
versions: dev-env test-packages debian-engine ## versions of what no lock file holds: Python and Debian's packages
	@$(BIN)/python --version
	@dpkg-query --show $(TEST_PACKAGES) containerd runc 'postgresql-[0-9]*' | awk 'NF == 2'
	@sed "s/^/Debian 13's /" $(DEBIAN13)/complete

.PHONY: clean
clean: ## remove what these targets made here; engines and packages stay
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .lab

# A changed lock makes a new environment: in an old one, what is not locked any more would stay.
$(VENV)/.locked: $(wildcard $(LOCKS)/*.txt)
	@scripts/ensure-venv.sh $(VENV) $(LOCKS)
	@$(BIN)/python -m scripts.compare_lock $(LOCKS)/build.txt $(LOCKS)/run.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.developed: $(VENV)/.locked
	$(PIP) install --require-hashes --requirement $(LOCKS)/dev.txt
	@$(BIN)/python -m scripts.compare_lock $(LOCKS)/dev.txt
	@touch $@

$(VENV)/.compose: $(VENV)/.developed
	@scripts/ensure-compose.sh $(VENV) $(LOCKS)/compose.txt
	@touch $@
