# `make run` starts ProgImage on one machine. `make help` lists the other targets.

PORT ?= 8000
VAR ?= var
STORAGE ?= disk
ARGS ?=
# Processes that run tests. Much of their time they wait for servers and children, so there are more than cores.
TEST_PROCESSES ?= 3
# Recipes read these from the environment, so that values with spaces and quotes need no escaping.
export PORT VAR STORAGE

.PHONY: help run stop manage test test-all lint format docs pixels requirements bench-engine bench-listing bench-bombs \
	bench-delivery bench-memory

help:
	@echo 'make run [PORT=8000] [VAR=var] [STORAGE=disk|s3]  start ProgImage; Ctrl-C ends it'
	@echo 'make stop [VAR=var]                               end it from another terminal, or clean up after a crash'
	@echo 'make manage ARGS="reconcile --fix" [VAR=var]      run a command of manage.py while ProgImage runs'
	@echo 'make test [TEST_PROCESSES=3] [ARGS="-k upload"]   run the tests, which start their own services'
	@echo 'make test-all                                     these and the slow ones: outages, crashes, browsers, make run'
	@echo 'make lint                                         check the code with ruff and mypy'
	@echo 'make format                                       format the code with ruff'
	@echo 'make docs                                         generate docs/operations.md with its pictures, and docs/errors.md'
	@echo 'make pixels                                       write tests/pixels.json, the table that guards every pixel'
	@echo 'make bench-engine                                 compare the engine with Pillow, libvips and sharp (needs npm; 6 min)'
	@echo 'make bench-bombs                                  measure how bombs of one account slow down another (3 min)'
	@echo 'make bench-memory                                 measure the memory of the server while it renders (2 min)'
	@echo 'make bench-listing                                measure the list of images with a million images (4 min)'
	@echo 'make bench-delivery [ARGS="miss hot --quick"]     compare the way to a browser with nginx, imgproxy and imagor'
	@echo 'make requirements [ARGS=--upgrade]                compile requirements/*.in to pinned requirements/*.txt'

run:
	@sh config/local/venv.sh local
	@exec .venv/bin/python -m config.local run --port "$$PORT" --var "$$VAR" --storage "$$STORAGE"

stop:
	@if [ -x .venv/bin/python ]; then exec .venv/bin/python -m config.local stop --var "$$VAR"; \
	else echo 'ProgImage: nothing was running, there is no .venv'; fi

manage:
	@sh config/local/venv.sh local
	@exec .venv/bin/python -m config.local manage --var "$$VAR" $(ARGS)

# Tests start many Python processes; those start faster if the first has written its bytecode to disk.
PYTEST = env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

test:
	@sh config/local/venv.sh dev
	@exec $(PYTEST) --without-slow $(ARGS)

test-all:
	@sh config/local/venv.sh dev
	@exec $(PYTEST) $(ARGS)

lint:
	@sh config/local/venv.sh dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy .

format:
	@sh config/local/venv.sh dev
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

docs:
	@sh config/local/venv.sh dev
	.venv/bin/python -m docs.build
	.venv/bin/python -m docs.readme_picture
	.venv/bin/python -m docs.threats
	.venv/bin/python -m docs.errors

pixels:
	@sh config/local/venv.sh dev
	.venv/bin/python -m tests.support.pixels

COMPILE = ../.venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS)

requirements:
	@sh config/local/venv.sh dev
	cd requirements && for name in server local dev bench; do $(COMPILE) $$name.in -o $$name.txt || exit 1; done

bench-engine:
	@sh config/local/venv.sh bench
	@npm install --prefix benchmarks/engine --no-package-lock --no-audit --no-fund --silent
	@exec .venv/bin/python -m benchmarks.engine

bench-bombs:
	@sh config/local/venv.sh dev
	@exec .venv/bin/python -m benchmarks.bombs

bench-memory:
	@sh config/local/venv.sh dev
	@exec .venv/bin/python -m benchmarks.memory

bench-listing:
	@sh config/local/venv.sh dev
	@exec .venv/bin/python -m benchmarks.listing

bench-delivery:
	@sh config/local/venv.sh dev
	@exec .venv/bin/python -m benchmarks.delivery $(ARGS)
