# Postroom's commands. Start with `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# Ansible and Molecule find each other's commands.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.PHONY: help env env-run
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

env: $(VENV)/.complete ## Create the Python environment (.venv)

# What runs Postroom and the lab.
env-run: $(VENV)/.run

PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
INSTALL := tests/lab/roles/host/files/install.sh

$(VENV)/.run: requirements.txt
	@python3 -c 'import ensurepip' 2>/dev/null || $(INSTALL) python3-venv
	python3 -m venv $(VENV)
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.complete: $(VENV)/.run requirements-dev.txt
	@echo "Installing what tests Postroom, 400 MB of Python packages, takes minutes:"
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

CHROMIUM := /usr/bin/chromium
# For the Node.js that Playwright brings along.
LIBATOMIC := /usr/share/doc/libatomic1
.PHONY: browser
browser: $(CHROMIUM) $(LIBATOMIC) ## Install the browser for the tests

$(CHROMIUM) $(LIBATOMIC) &:
	$(INSTALL) chromium libatomic1

include tests/lab/lab.mk
include tests/demo/demo.mk
include tests/bare/bare.mk
include tests/bench/bench.mk
include tests/site/site.mk
# Brings the target `scenarios`: Molecule's, on the lab's servers.
-include extensions/molecule/molecule.mk

# Two lanes for two cores. The tests of routing look at all that arrives in mailboxes of their own.
.PHONY: test
test: ## Run all checks and tests
	@tests/lab/preflight.sh 14 19
	@$(MAKE) --no-print-directory env
	@python3 tests/gates/run.py routing,build-check lint,unit,sanity,scenarios,modules

.PHONY: unit sanity build-check
unit: env ## Run the tests that need no server
	@pytest tests/unit

sanity: env ## Run ansible-test sanity on the built collection
	@python3 tests/gates/sanity.py

build-check: env ## Build the collection, install it into an empty environment, run it
	@$(MAKE) --no-print-directory lab-addons ODOO=19
	@python3 tests/gates/build_check.py

.PHONY: galaxy-check
galaxy-check: env ## Import the built collection as Ansible Galaxy does
	@python3 tests/gates/galaxy_check.py

.PHONY: ansible-check
ansible-check: env ## Do the same with every ansible-core from the oldest that is supported to the newest
	@$(MAKE) --no-print-directory lab-up ODOO=19
	@python3 tests/gates/build_check.py --all

# Each of a target's two halves runs, whatever became of the other.
.PHONY: integration modules
integration: env browser ## Run Molecule's scenarios and tests/integration, on Odoo 14 and 19
	@$(MAKE) --no-print-directory --keep-going scenarios modules

# A worker begins with tests of one series, so that what a file's tests share is made once, and takes over from another one at
# the end. One more than there are cores, as each waits for Odoo and mail servers part of the time.
modules:
	@POSTROOM_SERIES="14 19" pytest --numprocesses 3 --dist worksteal --quiet tests/integration

.PHONY: routing addon e2e
routing: env browser ## Run the addons' own tests, round trips through real mail, and tests of their forms, on Odoo 14 and 19
	@$(MAKE) --no-print-directory lab-addons ODOO="14 19"
	@$(MAKE) --no-print-directory --keep-going addon e2e
addon:
	@pytest tests/addon
e2e:
	@pytest tests/e2e

.PHONY: series-check
series-check: env browser ## Run all tests that need an Odoo on one series, and record it in docs/series.md (ODOO=17)
	@$(MAKE) --no-print-directory lab-up ODOO="$(ODOO)"
	@python3 tests/gates/series_check.py "$(ODOO)"

# `make --keep-going lint` reports what every one of them finds.
.PHONY: lint format lint-python lint-yaml lint-ansible lint-changelog lint-docs lint-generated
lint: lint-python lint-yaml lint-ansible lint-changelog lint-docs lint-generated ## Lint everything
lint-python: env
	@ruff check .
	@ruff format --check .
lint-yaml: env
	@yamllint --strict .
lint-ansible: env
	@ansible-lint
lint-changelog: env
	@antsibull-changelog lint
lint-docs: env
	@antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs --validate-collection-refs all \
	  --disallow-unknown-collection-refs .

lint-generated: env
	@python tests/docs/make.py --check

.PHONY: docs
docs: env ## Generate what several files repeat: options and RETURN, argument_specs, tables, the report's schema, the series
	@python tests/docs/make.py

format: env ## Format the Python code
	@ruff check --fix .
	@ruff format .
