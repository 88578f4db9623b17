# GNU make and a POSIX shell. `make` alone lists what there is.
# Settings come from the command line or the environment: make run PORT=9000. HOST comes from the command line alone,
# since some shells export a HOST of their own, and only who asks for it should leave loopback.

PYTHON ?= python3
HOST := 127.0.0.1
PORT ?= 8080
MODEL_SERVER_PORT ?= 8500
run up: export HOST := $(HOST)
run up: export PORT := $(PORT)
run up: export MODEL_SERVER_PORT := $(MODEL_SERVER_PORT)
train: export MODEL_SERVER ?= 127.0.0.1:$(MODEL_SERVER_PORT)

VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .venv-clients
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
UV := uv==0.13.8
PIP_AUDIT := pip-audit==2.10.1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test train lint bench bench-check fuzz chaos soak up lock audit proto clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## Train the model if it is new, then serve it here (PORT, HOST, MODEL_NAME, or MODELS="line diamonds")
	@$(BIN)/python -m deploy.local

# Two at a time, a file's tests one after the other, for they share what they have started.
test: $(VENV)/.dev $(CLIENTS)/.made ## Run all tests (ARGS="-k name" for some)
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(ARGS)

train: $(VENV)/.run ## Train and publish the next version (RECIPE=name, ARGS="--set epochs=100")
	$(BIN)/python -m src.train $(RECIPE) $(ARGS)

lint: $(VENV)/.dev ## Check and format all files, as a commit does with its own
	$(BIN)/python -m pre_commit run --all-files --show-diff-on-failure

bench: $(VENV)/.dev ## Serve beside peers, and write what comes of it into docs/benchmarks.md (ARGS="gateway noop" for some)
	@$(BIN)/python -m benchmarks.serving $(or $(ARGS),--report docs/benchmarks.md)
	@test -n "$(ARGS)" || $(BIN)/python -m benchmarks.serving.added --report docs/benchmarks.md

bench-check: $(VENV)/.dev ## See that a request costs the gateway no more than it did, beside a no-op
	@$(BIN)/python -m benchmarks.serving.check

RUNS ?= 1000000
SEED ?= 1
fuzz: $(VENV)/.dev ## Put a million requests of all kinds to the gateway (RUNS, SEED)
	@$(BIN)/python -m tests.fuzz --runs $(RUNS) --seed $(SEED)

chaos: $(VENV)/.dev ## Kill, freeze and flood all parts under load, and write what comes of it into docs/reliability.md (ARGS="worker_killed")
	@$(BIN)/python -m tests.chaos $(or $(ARGS),--report docs/reliability.md)

REQUESTS ?= 1000000
MINUTES ?= 20
soak: $(VENV)/.dev ## Put a million requests to all parts, see what grows, and write it into docs/soak.md (REQUESTS, MINUTES)
	@$(BIN)/python -m tests.soak --requests $(REQUESTS) --minutes $(MINUTES) --report docs/soak.md

up: ## Start TensorFlow Serving and the gateway in containers (PORT)
	@if docker compose version >/dev/null 2>&1; then compose='docker compose'; else compose=docker-compose; fi; \
	set -x; $$compose up --build tf-serving gateway

# Pins already there stay unless the requirements ask for others; UPGRADE=1 takes the newest of all that are not direct.
# The gateway's image has a lock of its own: the same versions, and the hashes of what may be installed as these.
lock: ## Write the locks from the requirement files (UPGRADE=1 renews them)
	@lock=$$(mktemp -d) && trap 'rm -rf "$$lock"' EXIT && $(PYTHON) -m venv "$$lock" && \
	"$$lock/bin/python" -m pip install --quiet --disable-pip-version-check $(UV) && \
	compile() { "$$lock/bin/uv" pip compile --quiet --universal --python-version 3.11 --custom-compile-command 'make lock' \
		$(if $(UPGRADE),--upgrade) --output-file "$$@"; } && \
	compile constraints.txt requirements_dev.txt && \
	compile gateway/requirements.lock gateway/requirements.txt --constraints constraints.txt --generate-hashes && \
	compile tests/clients/constraints.txt tests/clients/requirements.txt && \
	compile src/drift/constraints.txt src/drift/requirements.txt

# That nothing is found proves nothing where nothing is known: a mirror of the package index answers, too, and has no
# vulnerabilities. So the service is first asked about a version that has some.
audit: ## Ask for known vulnerabilities of all that is pinned (ARGS="--ignore-vuln ID" for what cannot be mended)
	@audit=$$(mktemp -d) && trap 'rm -rf "$$audit"' EXIT && $(PYTHON) -m venv "$$audit" && \
	"$$audit/bin/python" -m pip install --quiet --disable-pip-version-check $(PIP_AUDIT) && \
	ask() { "$$audit/bin/python" -c 'import os, signal, sys; signal.alarm(600); os.execv(sys.argv[1], sys.argv[1:])' \
		"$$audit/bin/pip-audit" --strict --disable-pip --no-deps --progress-spinner off --timeout 10 \
		--cache-dir "$$audit/cache" $(ARGS) "$$@"; } && \
	echo jinja2==3.1.2 >"$$audit/vulnerable.txt" && { ask -r "$$audit/vulnerable.txt" >"$$audit/told" 2>&1 || true; } && \
	if ! grep -Eq '^jinja2 .*(CVE|GHSA|PYSEC)-' "$$audit/told"; then \
		tail -n 1 "$$audit/told" >&2; \
		echo 'audit: nothing was audited: the vulnerability service cannot be reached, or does not know of jinja2 3.1.2' >&2; \
		exit 1; \
	fi && \
	failed= && for lock in constraints.txt tests/clients/constraints.txt src/drift/constraints.txt; do \
		echo "$$lock:" && ask -r "$$lock" || failed=yes; \
	done && [ -z "$$failed" ]

proto: $(VENV)/.dev ## Generate the code from gateway/tf_serving.proto and src/tf_serving.proto
	$(BIN)/python -m grpc_tools.protoc --proto_path=. --python_out=. --mypy_out=. \
		--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy gateway/tf_serving.proto src/tf_serving.proto

clean: ## Remove the environments and caches, never the model store
	rm -rf $(VENV) $(CLIENTS) .venv-drift .venv-bench .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './serving/models/*' -prune -exec rm -rf {} +

# The files below stand for finished steps: a changed requirement repeats the installation, an interrupted one too.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else \
		"TensorFlow needs Python 3.11 to 3.13, this is " + sys.version + "; name another: make ... PYTHON=python3.13")'
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements_model.txt gateway/requirements.txt deploy/requirements.txt constraints.txt
	@echo "Installing what runs the product (once, about 2 GB on disk: TensorFlow)"
	@$(PIP_INSTALL) -r requirements_model.txt -r gateway/requirements.txt -r deploy/requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements_dev.txt requirements_mlops.txt
	@echo "Installing what tests and checks it"
	@$(PIP_INSTALL) -r requirements_dev.txt
	@touch $@

# The clients that the tests put the gateway's protocols to; apart, for they want another protobuf than the product. Only
# a part of what they bring is ever imported: compiling all of it would cost 140 MB and half as much time again.
$(CLIENTS)/.made: tests/clients/requirements.txt tests/clients/constraints.txt | $(VENV)/.made
	@echo "Installing the clients that it is tested with (once, about 370 MB on disk)"
	@$(PYTHON) -m venv --clear $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-c tests/clients/constraints.txt -r tests/clients/requirements.txt
	@touch $@
