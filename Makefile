# One machine: `make run`. Everything else: `make help`.

PORT ?= 8000
VAR ?= var
STORAGE ?= disk
ARGS ?=
# By the environment, so that the shell takes them as they are, spaces and quotes too.
export PORT VAR STORAGE

.PHONY: help run stop test lint format requirements

help:
	@echo 'make run [PORT=8000] [VAR=var] [STORAGE=disk|s3]  start ProgImage and stay; Ctrl-C ends it'
	@echo 'make stop [VAR=var]                               end it from elsewhere, also what a crash has left'
	@echo 'make test [ARGS="-k upload"]                      tests, against services that they start themselves'
	@echo 'make lint                                         ruff and mypy'
	@echo 'make format                                       put the code into the common form'
	@echo 'make requirements [ARGS=--upgrade]                pin requirements/*.in anew'

run:
	@sh config/local/venv.sh local
	@exec .venv/bin/python -m config.local run --port "$$PORT" --var "$$VAR" --storage "$$STORAGE"

stop:
	@if [ -x .venv/bin/python ]; then exec .venv/bin/python -m config.local stop --var "$$VAR"; \
	else echo 'ProgImage: nothing was running, there is no .venv'; fi

test:
	@sh config/local/venv.sh dev
	@exec .venv/bin/python -m pytest $(ARGS)

lint:
	@sh config/local/venv.sh dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy .

format:
	@sh config/local/venv.sh dev
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

COMPILE = ../.venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS)

requirements:
	@sh config/local/venv.sh dev
	cd requirements && for name in server local dev; do $(COMPILE) $$name.in -o $$name.txt || exit 1; done
