# Each command sets up what it needs: a virtual environment in .venv with the package and its extras.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The linter of the OpenAPI documents. It needs Node.js 18.17 or newer, and tells nobody that it was used.
REDOCLY := REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes --loglevel=error @redocly/cli@1.34.20

.PHONY: serve demo test fast lint lint-openapi docs benchmark clean

serve: $(VENV)/ready
	$(BIN)/flow-emulator serve

demo: $(VENV)/ready
	$(BIN)/flow-emulator demo

test: $(VENV)/ready
	$(BIN)/python -m pytest -n auto --dist worksteal

fast: $(VENV)/ready
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

lint: $(VENV)/ready lint-openapi
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

# The pages as a site in build/site; a link that leads nowhere stops it.
docs: $(VENV)/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lint-openapi:
	@if command -v npx >/dev/null; then \
	  out=$$($(REDOCLY) lint --config redocly.yaml openapi/*.yaml 2>&1) || { printf '%s\n' "$$out"; exit 1; }; \
	  echo "redocly: the OpenAPI documents are clean"; \
	else echo "npx is not here: the OpenAPI documents are not linted"; fi

benchmark: $(VENV)/ready
	$(BIN)/python -m benchmarks

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) build dist
