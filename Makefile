# Everything a newcomer types. `make` alone prints this list.

PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
PACKAGES := tollwatch models detectors streams store bss_kit bss replay services dashboards cli
WORKERS ?= 2
ARGS ?=

export PYTHONUNBUFFERED := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test fuzz notice sbom secrets lint types imports bench screenshots docs catalogue cover ci clean up chaos bench-live

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two stamps: what runs Tollwatch, and what checks it. A later `make` finds them and starts at once.

.venv/.made:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "Tollwatch needs Python 3.11 to 3.13, this is %d.%d; choose one: make PYTHON=python3.12 …" % v)'
	@echo "Making .venv (once) …"
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

.venv/.run: .venv/.made pyproject.toml constraints.txt
	@echo "Installing Tollwatch and what it runs on (once, a minute or two) …"
	@$(BIN)/python -m pip install -c constraints.txt -e . | sed -un 's/^\(Collecting\|Installing\|Successfully\)/  &/p' | cut -c1-100
	@touch $@

.venv/.dev: .venv/.run
	@echo "Installing what tests and checks need (once) …"
	@$(BIN)/python -m pip install -c constraints.txt --group test --group lint | sed -un 's/^\(Collecting\|Installing\|Successfully\)/  &/p' | cut -c1-100
	@touch $@

setup: .venv/.dev ## Make .venv with everything (also: uv venv && uv pip install -c constraints.txt -e . --group test --group lint)

demo: .venv/.run ## Simulate an operator's week, find what was planted in it, print a summary, open the console
	@$(BIN)/tollwatch demo $(ARGS)

test: .venv/.dev ## Run every test and doctest (ARGS="-k wangiri")
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo "!!! PostgreSQL is not installed: its tests do not run (Debian: apt-get install postgresql) !!!"
	@for part in java mvn npm; do command -v $$part >/dev/null || echo "!!! $$part is not installed: the live line on real Kafka and ClickHouse is not tested (Debian: apt-get install default-jre-headless maven npm) !!!"; done
	@command -v chromium >/dev/null || echo "!!! chromium is not installed: what Grafana draws is not tested (Debian: apt-get install chromium) !!!"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --doctest-modules --ignore tests/live tests $(PACKAGES) $(ARGS)
	@$(BIN)/python -m pytest tests/live $(ARGS) || { code=$$?; [ $$code = 5 ] && [ -n "$(ARGS)" ]; }

up: .venv/.run ## Run Kafka, ClickHouse and two workers on this machine; Ctrl-C ends all
	@$(BIN)/tollwatch up $(ARGS)

bench-live: .venv/.dev ## The common work on Kafka and ClickHouse (ARGS=FILE, as usage_1m.py writes it)
	@$(BIN)/python -m tests.live.bench $(ARGS)

fuzz: .venv/.dev ## Five minutes of mutated feeds, mappings, rules and configurations (ARGS="--seconds 60 --target rules")
	@$(BIN)/python -m tests.fuzz $(ARGS)

chaos: .venv/.dev ## Kill, pause and restart everything under a live line, and compare (about an hour)
	@$(BIN)/python -m tests.live.chaos $(ARGS)

lint: .venv/.dev ## Check style and layout of the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/validate-pyproject pyproject.toml

types: .venv/.dev ## Check types, strictly
	@$(BIN)/mypy

imports: .venv/.dev ## Check which folder imports which
	@$(BIN)/lint-imports

bench: .venv/.dev ## Measure the common work against its baseline, and boards and console on a full store
	@$(BIN)/python -m services.bench $(ARGS)
	@[ -n "$(ARGS)" ] || $(BIN)/python -m services.bench_controls
	@[ -n "$(ARGS)" ] || $(BIN)/python -m services.bench_ledger
	@[ -n "$(ARGS)" ] || $(BIN)/python -m tests.dashboards.grafana.bench
	@[ -n "$(ARGS)" ] || $(BIN)/python -m tests.dashboards.console.bench

screenshots: .venv/.dev ## Draw boards and console for the documentation (needs npm and chromium)
	@$(BIN)/python -m tests.dashboards.grafana.screenshots
	@$(BIN)/python -m tests.dashboards.console.screenshots

bench-million: .venv/.dev ## Measure memory and snapshots of a million subscribers (ARGS="--subscribers 100000")
	@$(BIN)/python -m services.million $(ARGS)

docs: .venv/.dev ## Write docs/events.md from the types and what Grafana reads from its code
	@$(BIN)/python -m tollwatch.document && $(BIN)/python -m dashboards.grafana.boards && $(BIN)/python -m dashboards.grafana.alerting

secrets: ## Write .env with passwords for compose.yaml, once, readable by you alone
	@[ ! -e .env ] || { echo ".env is there already; remove it to begin anew"; exit 1; }
	@umask 077; for name in CLICKHOUSE_PASSWORD POSTGRES_PASSWORD GRAFANA_ADMIN_PASSWORD GRAFANA_READER_PASSWORD; do echo "$$name=$$($(PYTHON) -c 'import secrets; print(secrets.token_hex(18))')"; done > .env
	@echo ".env: written; docker compose reads it"

notice: .venv/.dev ## Write into NOTICE what ships, with licences
	@$(BIN)/python -m tollwatch.notice

sbom: .venv/.made ## Write build/sbom.cdx.json: every package of an installation, version and licence (CycloneDX)
	@rm -rf build/sbom && $(PYTHON) -m venv build/sbom/installed && $(PYTHON) -m venv build/sbom/tool
	@build/sbom/installed/bin/python -m pip install --quiet -c constraints.txt '.[asn1,postgres]'
	@build/sbom/tool/bin/python -m pip install --quiet cyclonedx-bom
	@build/sbom/tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o build/sbom.cdx.json build/sbom/installed/bin/python
	@echo "build/sbom.cdx.json: $$(grep -c '"purl"' build/sbom.cdx.json) packages"

catalogue: .venv/.run ## Let every detector prove itself, and every control; write docs/catalogue.md and docs/controls.md
	@mkdir -p build
	@$(BIN)/tollwatch catalogue --format markdown > build/catalogue.md && mv build/catalogue.md docs/catalogue.md
	@$(BIN)/tollwatch catalogue --assurance --subscribers 5000 --days 4 --format markdown > build/controls.md && mv build/controls.md docs/controls.md

cover: .venv/.run ## Run the suite without servers, and write its coverage, line by line, to build/coverage
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --doctest-modules $(PACKAGES:%=--cov=%) --cov-report=term --ignore tests/live tests $(PACKAGES) $(ARGS)
	@$(BIN)/coverage html -q -d build/coverage && echo "build/coverage/index.html"

ci: lint types imports test ## What the pipeline runs

clean: ## Remove .venv and everything that was built
	rm -rf .venv build dist out .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
