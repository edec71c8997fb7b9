# Thin: each target is one command that can also be typed without make (see README.md).
# Another environment: make book PY=python. Jobs side by side: make book JOBS=1.
.PHONY: help env book test check lab serve offline pdf studies student slides grading \
  plain format clean
PYTHON ?= python3
VENV ?= .venv
PY ?= $(VENV)/bin/python
ENV := $(if $(filter $(VENV)/bin/python,$(PY)),$(VENV)/.installed)
export JOBS STRICT

help:  ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

env: $(ENV)  ## make the environment in .venv (TORCH_INDEX=URL chooses PyTorch's build)

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'error: this book needs Python 3.11 or newer; name one, such as make book PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(PY) -m pip install -q --index-url $(TORCH_INDEX) torch==2.13.0)
	$(PY) -m pip install -q -c constraints.txt -e '.[book,test]'
	@touch $@

book: $(ENV)  ## run every chapter, then make the site in _build/site
	$(PY) -m doit

test: $(ENV)  ## test the libraries, the rules of chapters, and every chapter in small
	$(PY) -m doit smoke reproduce
	$(PY) -m pytest -n $(or $(JOBS),auto) --dist loadfile --cov

check: $(ENV)  ## examine the finished site in a browser
	$(PY) -m pytest tests/site

lab: $(ENV)  ## open JupyterLab on the chapters
	$(PY) -m jupyterlab chapters

serve: $(ENV)  ## serve the site at http://127.0.0.1:8000
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/site 8000

offline: book  ## pack the site to be read without a server: _build/site-offline.zip
	$(PY) -m bookkit.archive

pdf: book  ## print the whole book: _build/how-generative-ai-works.pdf
	$(PY) -m bookkit.pdf

studies: $(ENV)  ## run the studies with several seeds (an hour at most)
	$(PY) -m bookkit.studies

student: $(ENV)  ## write notebooks without solutions, and a teacher's with them and an exam
	$(PY) -m bookkit.handout

grading: $(ENV)  ## write an autograder for each chapter, for Otter-Grader
	$(PY) -m doit grading

slides: $(ENV)  ## make a deck of slides of each chapter, and its PDF: _build/slides
	$(PY) -m bookkit.slides

plain: $(ENV)  ## build the same book with plain Sphinx, without Jupyter Book
	$(PY) -m bookkit.plain

format: $(ENV)  ## put code and notebooks into their normal form
	$(PY) -m ruff check --fix . && $(PY) -m ruff format . && $(PY) -m bookkit.notebooks --fix

clean:  ## remove what was built (not the environment)
	rm -rf _build
