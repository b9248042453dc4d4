# Everything this repository does. Needs Python 3.11 or later and make; the rest is fetched.
#
#   make book   make test   make check   make lint   make exercises   make bench

PYTHON ?= python3
RESOLUTION ?= lock
BIN := .venv/bin
STAMP := .venv/$(RESOLUTION).stamp

book: $(STAMP)
	$(BIN)/jupyter-book build . -W -n --keep-going
	@$(BIN)/python book/open.py

test: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check: lint book test

exercises: $(STAMP)
	$(BIN)/dlcore exercises

bench: $(STAMP)
	@$(BIN)/python -c "import torch" 2> /dev/null || $(BIN)/uv sync --frozen --all-extras
	$(BIN)/dlcore bench

# The environment: made once, made again when the lock changes.
# `RESOLUTION=lowest-direct` installs the oldest versions that pyproject.toml allows instead.
$(STAMP): pyproject.toml uv.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(if $(filter lock,$(RESOLUTION)),$(INSTALL_LOCKED),$(INSTALL_RESOLVED))
	rm -f .venv/*.stamp && touch $@

INSTALL_LOCKED = VIRTUAL_ENV=.venv $(BIN)/uv sync --frozen --active --extra book --extra test
INSTALL_RESOLVED = VIRTUAL_ENV=.venv $(BIN)/uv pip install --resolution $(RESOLUTION) -e ".[book,test]"

.PHONY: book test lint check exercises bench
