# Two commands do everything on a fresh machine: `make run` and `make test`. Only python3 (with venv) and make are assumed.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
MARKET_PORT ?= 8001
DATA ?= .data
UPGRADE ?= --upgrade
# Compiled code is kept, as it is for everyone who uses this: without it nothing that is measured here would be true.
unexport PYTHONDONTWRITEBYTECODE
PROJECTS := pyproject.toml core/framework/pyproject.toml core/chat-api/pyproject.toml core/chat/pyproject.toml marketplace/pyproject.toml
LOCK := $(BIN)/uv --quiet pip compile --universal --generate-hashes --no-annotate --python-version 3.11 \
	--custom-compile-command "make lock" --no-emit-package jackfield --no-emit-package jackfield-chat-api \
	--no-emit-package jackfield-chat --no-emit-package jackfield-marketplace \
	--group dev --group test requirements-editable.txt

.PHONY: help setup run demo test check lint bench lock features docs clean

help: ## Show what can be done
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/synced ## Make .venv with everything the project needs (instant when nothing changed)

$(BIN)/uv:
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 with venv is needed: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ;]*\).*/\1/p' requirements.lock)"

$(VENV)/synced: requirements.lock requirements-editable.txt $(PROJECTS) | $(BIN)/uv
	@$(BIN)/uv --quiet pip sync --python $(BIN)/python requirements.lock
	@$(BIN)/uv --quiet pip sync --python $(BIN)/python --no-build-isolation requirements.lock requirements-editable.txt
	@touch $@

run: setup ## Start the chat with its own marketplace (PORT, MARKET_PORT and DATA choose where)
	@$(BIN)/python -m tests.demo.wheels --out $(DATA)/wheels
	@exec $(BIN)/jackfield-chat serve --data $(DATA)/chat --port $(PORT) --with-marketplace --market-port $(MARKET_PORT) --seed $(DATA)/wheels

demo: setup ## Play the whole story on free ports, one line a step
	@$(BIN)/python -m tests.demo

test: setup ## Run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile

check: setup lint ## Lint, types, layers and the fast tests (about two minutes)
	@$(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow" --hypothesis-profile check

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH= $(BIN)/lint-imports --no-cache

bench: setup ## Measure against the goals and the peers, in one run
	@$(BIN)/python -m tests.benchmarks

lock: $(BIN)/uv ## Lock the newest versions with hashes and without addresses (UPGRADE= keeps what is locked)
	@$(LOCK) $(UPGRADE) --output-file requirements.lock

features: setup ## Show what each row of the feature checklist stands on
	@$(BIN)/python -m tests.architecture.features

docs: setup ## Check the links of the documentation
	@$(BIN)/python -m tests.architecture.links

clean: ## Remove the environment and everything made here
	rm -rf $(VENV) $(DATA) .cache .mypy_cache .ruff_cache .pytest_cache
