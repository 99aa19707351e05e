# Everything needs only a bare Python 3.11 or newer; the virtual environment makes itself.
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python
WORKERS := auto
TYPED := config clients accounts promotions operations emulator tests bench manage.py
# Installs a requirements file, unless exactly this one is in the environment already.
install = cmp -s $(1) .venv/$(1) || { echo "Installing what $(1) names."; $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && cp $(1) .venv/$(1); }
export TOWPATH_MODE = development

.PHONY: demo test test-postgres lint lint-style lint-types lint-doors lint-templates lint-spelling lint-django bench fuzz requirements clean venv dev

demo: export TOWPATH_MODE = demo
demo: venv  ## run everything with an emulator and demo data; Ctrl-C ends it
	@$(RUN) manage.py up --demo

test: dev  ## all tests; ARGS passes more to pytest
	@$(RUN) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

test-postgres: dev  ## the same on a private PostgreSQL, without browser and crash tests
	@$(RUN) -m tests.run_on_postgres -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

lint: lint-style lint-types lint-doors lint-templates lint-spelling lint-django  ## all of these; -j runs them side by side

lint-style: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

lint-types: dev
	.venv/bin/mypy $(TYPED)

lint-doors: dev
	.venv/bin/lint-imports

lint-templates: dev
	.venv/bin/djade --check $$(find templates -name '*.html')
	.venv/bin/djlint --lint --quiet templates

lint-spelling: dev
	.venv/bin/typos

lint-django: dev
	$(RUN) manage.py check
	$(RUN) manage.py makemigrations --check --dry-run

bench: dev  ## measure what must stay fast, some 45 minutes; fails if a target is missed
	@missed=""; for script in $$(ls bench/bench_*.py | xargs -n 1 basename -s .py); do \
		echo "== $$script"; $(RUN) -m bench.$$script || missed="$$missed $$script"; done; \
		test -z "$$missed" || { echo "Missed:$$missed"; exit 1; }

fuzz: dev  ## send calls made up from the OpenAPI document; ARGS passes more, such as ARGS="150 --cases 100000"
	@$(RUN) -m bench.fuzz_api $(ARGS)

requirements: dev  ## pin pyproject.toml anew, for Linux and macOS, with hashes
	.venv/bin/uv pip compile pyproject.toml --quiet --universal --generate-hashes --custom-compile-command "make requirements" -o requirements.txt
	.venv/bin/uv pip compile pyproject.toml --quiet --universal --generate-hashes --custom-compile-command "make requirements" --extra dev -c requirements.txt -o requirements-dev.txt

clean:  ## remove what can be made again; var/ (your data) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache staticfiles test-results

venv: .venv/bin/pip
	@$(call install,requirements.txt)

dev: .venv/bin/pip
	@$(call install,requirements-dev.txt)

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Towpath needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv --clear .venv
