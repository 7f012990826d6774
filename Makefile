# Everything a developer types. `make help` lists it.
PYTHON ?= python3
PORT ?= 8080
DATA ?= .farthing/data
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := $(wildcard libs/*) $(wildcard services/*) $(wildcard services/*/client) embedded

.DEFAULT_GOAL := help
.PHONY: help install run test check specifications load load-apart load-cluster clean lock new-service images doctor cluster cluster-test cluster-soak cluster-down telemetry extras experiments

help: ## Show what can be done here
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## Make the virtual environment and install everything from the lock

$(VENV)/.installed: requirements.txt $(foreach m,$(MEMBERS),$(m)/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "1/3 virtual environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "2/3 locked packages (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@echo "3/3 Farthing itself"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(foreach m,$(MEMBERS),-e $(m))
	@touch $@

run: install ## Run the platform in one process (PORT=8080 DATA=.farthing/data)
	@exec $(BIN)/farthing up --port $(PORT) --data-dir $(DATA)

check: install ## Lint, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: install ## Run every test that needs neither Docker nor a cluster (JOBS=2 at once)
	@rm -f build/not-run.txt
	$(BIN)/pytest --numprocesses $(JOBS) --ignore tests/clients
	$(BIN)/pytest tests/clients  # one process: its last tests judge what the others did
	@! test -f build/not-run.txt || cat build/not-run.txt

specifications: build/specifications/.unpacked ## Fetch PayPal's OpenAPI files from the npm registry, for the contract tests

build/specifications/.unpacked:
	@mkdir -p build/specifications
	@cd build/specifications && npm pack --silent @paypal/paypal-rest-api-specifications@1.0.0 >/dev/null && tar -xzf paypal-paypal-rest-api-specifications-1.0.0.tgz
	@touch $@

load: install ## Measure full checkouts per second, with the books audited afterwards
	$(BIN)/python -m tests.benchmarks.load

load-apart: install ## Measure CPU of a checkout with one process per service, against one process (needs nats-server)
	$(BIN)/python -m tests.benchmarks.apart

load-cluster: install ## Measure what a checkout costs on the cluster of `make cluster`, and by whom
	$(BIN)/python -m tests.benchmarks.cluster

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

lock: ## Write requirements.txt and requirements-experiments.txt anew from what stands in the files ending in .in
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-experiments.in -c requirements.txt -o requirements-experiments.txt

new-service: install ## Make the skeleton of a service (NAME=x TASK='Its one task.')
	$(BIN)/python tools/new_service.py $(NAME) '$(TASK)'

telemetry: install ## Write the dashboards and docs/telemetry.md anew, from tools/dashboards and observability/schema
	$(BIN)/python -m tools.dashboards
	$(BIN)/python tools/telemetry.py

images: ## Build the images that docker does not have yet: one per service, and one with all
	@$(PYTHON) tools/images.py build --all

doctor: ## Say which tool for Kubernetes is missing, and where it comes from
	@$(PYTHON) tools/cluster.py doctor

cluster: ## A kind cluster with gateway, database, broker and one container per service (OBSERVABILITY=1: and what sees it); continues where it stopped
	@$(PYTHON) tools/cluster.py up

cluster-test: install ## Change, break and scale the services under load (a good half hour), and what sees it where OBSERVABILITY=1 brought that
	$(BIN)/pytest tests/charts tests/cluster -m "cluster and not soak"

cluster-soak: install ## The whole table of experiments (two hours), written to build/experiments/
	@$(PYTHON) tools/cluster.py operator
	$(BIN)/pytest tests/cluster --verbose -m "cluster and not brief"

extras: $(VENV)/.experiments ## Install what experiments, pictures of dashboards and examples/load use besides

experiments: $(VENV)/.experiments ## Measure six claims made for microservices, in both modes of the chart (an hour and a half; ONLY="updates price")
	@$(BIN)/python -m tests.experiments $(ONLY)

$(VENV)/.experiments: $(VENV)/.installed requirements-experiments.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-experiments.txt
	@touch $@

cluster-down: ## Remove the cluster
	@$(PYTHON) tools/cluster.py down

clean: ## Remove the virtual environment, caches and the local data directory
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .farthing build
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
