# make run        start the dashboard
# make test       ruff, mypy, prettier and eslint, and the quick tests: about a quarter of an hour on two cores
# make check-all  all that, once, and then the long tests: every network, the demo, kills, load, fuzz, Ray, two nodes,
#                 the journey of a new user in a browser, every benchmark in small.
PYTHON ?= python3
BIN := .venv/bin
ADDRESS ?= 127.0.0.1
PORT ?= 8501
# uv installs the same set several times faster; where it cannot be had, pip does it. Both compile what they install:
# importing torch and torchvision takes twice as long from source, in every process that does not keep the bytecode.
INSTALL = $(BIN)/uv pip install --compile-bytecode --python $(BIN)/python -r $(1) || $(BIN)/python -m pip install -r $(1)

.PHONY: run test test-long test-pages lint lint-js check-all clean

run: .venv/installed
	$(BIN)/python -m dashboard --address $(ADDRESS) --port $(PORT)

# Side by side, one processor each; then, one by one, what drives a browser.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not (long or e2e)" -n 2 --dist loadfile
	$(BIN)/python -m pytest -m "e2e and not long"

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python .ci/requirements.py --check
	$(BIN)/mypy core models dashboard benchmarks tests
	@$(MAKE) --no-print-directory lint-js

NODE_IS_NEW = node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
# The JavaScript and CSS of the dashboard. Without Node.js they are left unchecked, unless REQUIRE_NODE is set (as in CI).
lint-js:
	@if command -v npm >/dev/null && $(NODE_IS_NEW); then $(MAKE) --no-print-directory node_modules/.package-lock.json && npm run --silent lint; \
	else echo "JavaScript not checked: Node.js 20.19 or later with npm is missing" && test -z "$(REQUIRE_NODE)"; fi

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	touch $@

# Long tests side by side, one processor each.
test-long: .venv/installed-cluster
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "long and not (alone or e2e)" -n 2 --dist loadfile --durations=15

# One by one, in a browser: axe-core on every page in each of its states, people's tasks, what takes long on one page.
test-pages: .venv/installed-test
	$(BIN)/python -m pytest -m pages --durations=15

# All of it; at the end, one by one, the tests that want the machine for themselves.
check-all: test test-long test-pages
	$(BIN)/python -m pytest -m "long and (alone or e2e) and not pages" --durations=15

.venv/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || (echo "Python 3.11 or later is needed; name it: make PYTHON=python3.12" && false)
	$(PYTHON) -m venv .venv
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	touch $@

.venv/installed: requirements.txt | .venv/venv
	$(call INSTALL,requirements.txt)
	touch $@

.venv/installed-test: requirements.txt requirements-test.txt | .venv/venv
	$(call INSTALL,requirements-test.txt)
	touch .venv/installed $@

.venv/installed-cluster: requirements-cluster.txt | .venv/installed-test
	$(call INSTALL,requirements-cluster.txt)
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache node_modules
