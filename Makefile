# Everything this repository does. Needs Python 3.11 or later and make; the rest is fetched.
#
#   make start      what the exercises need, and the first of them
#   make book   make pdf   make test   make catalogues   make lint   make check   make exercises
#   make bench

PYTHON ?= python3
RESOLUTION ?= locked
BIN := .venv/bin
STAMP := .venv/$(RESOLUTION).stamp
START := .venv/start.stamp
PAGE := file://$(CURDIR)/_build/html/index.html
SCREEN := [ "$$(uname)" = Darwin -o -n "$$DISPLAY$$WAYLAND_DISPLAY" ]
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1

# Tests run on as many workers as there are processors, those of a file on the same one; the files
# that take longest come first.
PYTEST = $(BIN)/python -m pytest -q --numprocesses logical --dist loadfile --no-loadscope-reorder \
	-p tests.longest_first

start: $(START)
	@$(BIN)/dlcore watch

book: $(STAMP)
	@$(BIN)/jupyter-book build . -q -W -n --keep-going > /dev/null
	@echo "The book is built: $(PAGE)"
	@if [ -t 1 ] && [ -z "$$CI" ] && $(SCREEN); then $(BIN)/python -m webbrowser "$(PAGE)" > /dev/null; fi

pdf: book
	@$(BIN)/python book/print_pdf.py

test: $(STAMP)
	@$(PYTEST) -m "not catalogue"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

catalogues: $(STAMP)
	@$(PYTEST) -m catalogue

# Tests and catalogues are collected once, and share the workers to the end. What is sampled by a
# test of its own is left out: its cases are among those of the catalogue.
check: lint book
	@$(PYTEST) -m "not sample"

exercises: $(STAMP)
	$(BIN)/dlcore exercises

bench: $(STAMP)
	@$(BIN)/python -c "import torch" 2> /dev/null || $(BIN)/uv sync --frozen --all-extras
	$(BIN)/dlcore bench

environment: $(STAMP)

# The environment is made once, and again when the lock has changed. `RESOLUTION=lowest-direct`
# takes the oldest versions that pyproject.toml allows instead of the locked ones.
$(STAMP): pyproject.toml uv.lock
	@$(OLD_ENOUGH)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(INSTALL_$(if $(filter locked,$(RESOLUTION)),LOCKED,RESOLVED))
	$(BIN)/python -m pip download $(OUTSIDE) "autograd==$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("autograd"))')"
	@rm -f .venv/*.stamp && touch $@

# The exercises need no book: no Sphinx, no Jupyter, no browser. An environment that is whole stays so.
$(START): pyproject.toml uv.lock
	@$(OLD_ENOUGH)
	@echo "Setting up the exercises: a minute, 330 MB in .venv, downloaded where they are not cached."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@UV_COMPILE_BYTECODE=0 $(BIN)/uv sync --quiet --frozen --inexact
	@[ -e $(STAMP) ] || $(BIN)/python -m pip uninstall --quiet --yes uv
	@touch $@

OLD_ENOUGH = $(PYTHON) -c "import sys; sys.version_info < (3, 11) and sys.exit('make: $(PYTHON) is too old, name a Python 3.11 or later: make PYTHON=python3.12')"
INSTALL_LOCKED = $(BIN)/uv sync --frozen --inexact --extra book --extra test
INSTALL_RESOLVED = $(BIN)/uv pip install --python .venv --resolution $(RESOLUTION) -e ".[book,test]"

# Tests of another project that run on ours: its source archive has them, its wheel has not.
OUTSIDE = --quiet --no-deps --no-binary autograd --dest "$${XDG_CACHE_HOME:-$$HOME/.cache}/dlcore/outside"

.PHONY: start book pdf test catalogues lint check exercises bench environment
