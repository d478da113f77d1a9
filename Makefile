# make run: start the dashboard. make test: all checks. make check-all: the long ones too.
PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= 127.0.0.1
PORT ?= 8501

.PHONY: run test check lint check-all clean

run: .venv/installed
	$(BIN)/python -m dashboard --address $(ADDRESS) --port $(PORT)

test: .venv/installed-test lint
	$(BIN)/python -m pytest -m "not long"

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy core models dashboard benchmarks

check-all: test
	$(BIN)/python -m pytest -m long

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/uv pip install --python $(BIN)/python -r requirements.txt
	touch $@

.venv/installed-test: requirements.txt requirements-test.txt | .venv/bin/python
	$(BIN)/uv pip install --python $(BIN)/python -r requirements-test.txt
	touch .venv/installed $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache
