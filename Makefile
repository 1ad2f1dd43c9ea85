# The commands of this project. `make` alone lists them.
# Needs make and Python 3.11 or newer; everything else is installed into .venv and .venv-local.

PYTHON = python3
PORT = 8780
ENV = dev
STACK = consultations-dev
N = 1000
N_TORTURE = 1000
SEED = 1

BIN = .venv/bin
LOCAL_BIN = .venv-local/bin
AUDIT_BIN = .venv-audit/bin
# What the layer holds is built for Lambda with the pip of this environment.
SAM = MAKEFLAGS= PYTHON="'$(CURDIR)/$(LOCAL_BIN)/python'" $(LOCAL_BIN)/sam

export SAM_CLI_TELEMETRY = 0
export __SAM_CLI_APP_DIR = $(CURDIR)/.venv-local/sam
# No __pycache__ beside the code: it would end up in what is built from these folders.
export PYTHONPYCACHEPREFIX = $(CURDIR)/.local/pycache
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help run test check description screenshots benchmark translations format build deploy delete \
	redrive simulate mutants torture flood clean environments python configuration

help: ## List the commands
	@echo "Usage: make COMMAND"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s  %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make run PORT=9000                    on other ports"
	@echo "  make run PARAMETERS=AlertDetail=full  with other parameters of template.yaml"
	@echo "  make test ARGS=tests/unit             some of the tests"
	@echo "  make PYTHON=python3.12 run            with another Python, when nothing is installed yet"
	@echo
	@echo "  ./consultations --help                look after a deployed stack"

run: environments ## Run everything on this machine, on ports PORT (8780) and the next two
	@PYTHONPATH=layers exec $(BIN)/python -m local.run --port "$(PORT)" $(PARAMETERS)

test: environments ## Run all tests, those against the deployed stack too
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 2 --dist loadgroup)

check: environments .venv-audit/complete ## Check style, types, configuration, template, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(MAKE) --no-print-directory configuration
	PYTHONPATH=layers $(BIN)/python -m api.description --check
	$(LOCAL_BIN)/cfn-lint template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(LOCAL_BIN)/sam validate --lint
	$(AUDIT_BIN)/checkov --skip-download --compact --quiet --framework cloudformation --file template.yaml
	$(AUDIT_BIN)/python -m audit.dependencies

screenshots: environments ## Take the pictures in docs/screenshots again
	PYTHONPATH=layers $(BIN)/python -m local.screenshots

benchmark: environments ## Measure NAME: cold, warm, alerts, sizes, costs ... (benchmarks/)
	@case " $(BENCHMARKS) " in *" $(or $(firstword $(NAME)),none) "*) ;; \
	*) echo "NAME is $(or $(NAME),missing); it is one of $(BENCHMARKS): make benchmark NAME=cold" >&2; exit 1 ;; esac
	PYTHONPATH=layers $(BIN)/python -m benchmarks.$(NAME)

# Those that say in their first line how to call them.
BENCHMARKS = $(patsubst benchmarks/%.py,%,$(shell grep -l '^""".*: python -m benchmarks\.' benchmarks/*.py))

translations: environments ## Bring the Spanish catalogue up to the sentences in the code
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keywords N_ --no-location --sort-output \
		--output-file .local/consultations.pot .
	$(BIN)/pybabel --quiet update --domain consultations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 96 \
		--input-file .local/consultations.pot --output-dir layers/consultations/locales
	$(BIN)/pybabel --quiet compile --domain consultations --directory layers/consultations/locales

format: environments ## Put the code in the style that check asks for
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

description: environments ## Write the API's description anew, from its models
	PYTHONPATH=layers $(BIN)/python -m api.description

build: environments ## Build for Lambda, into .aws-sam
	$(SAM) build

deploy: environments configuration ## Build and deploy to AWS: ENV=dev, staging or prod
	@case "$(ENV)" in dev | staging | prod) ;; \
	*) echo "ENV is $(ENV); it is one of dev, staging and prod: make deploy ENV=staging" >&2; exit 1 ;; esac
	$(SAM) build --config-env $(ENV:dev=default)
	$(SAM) deploy --config-env $(ENV:dev=default)

delete: environments ## Delete the stack STACK (consultations-dev); its data stays
	@PYTHONPATH=layers $(BIN)/python -m operations remains --stack "$(STACK)"
	$(SAM) delete --stack-name "$(STACK)"

redrive: environments ## Try alerts that are stuck again, in STACK (consultations-dev)
	@PYTHONPATH=layers $(BIN)/python -m operations redrive --stack "$(STACK)" --yes

simulate: environments ## Try to break delivery in N (1000) random histories, from SEED (1)
	@PYTHONPATH=layers $(BIN)/python -m tests.simulation --histories "$(N)" --seed "$(SEED)"

mutants: environments ## Check that the simulation notices each of the seeded faults
	@PYTHONPATH=layers $(BIN)/python -m tests.simulation.mutants

torture: environments ## Submit N_TORTURE (1000) requests to a deployed stack while it fails
	@PYTHONPATH=layers $(BIN)/python -m tests.torture --submissions "$(N_TORTURE)"

flood: environments ## Post hundreds of requests to a deployed stack and count the mails
	@PYTHONPATH=layers $(BIN)/python -m tests.torture.flood

clean: ## Remove what these commands made
	rm -rf .venv .venv-local .venv-audit .local .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find api audit functions layers local operations tests -name __pycache__ -prune -exec rm -rf {} +

configuration: environments
	PYTHONPATH=layers $(BIN)/python -m consultations.clinic

environments: .venv/complete .venv-local/complete

.venv/complete: layers/requirements.txt requirements-dev.txt
	@$(MAKE) --no-print-directory python
	@started=$$(date +%s); printf 'Installing the libraries of the project into .venv ... '; \
	$(PYTHON) -m venv --clear .venv && \
	$(BIN)/python -m pip install $(PIP) --require-hashes --requirement layers/requirements.txt && \
	$(BIN)/python -m pip install $(PIP) --requirement requirements-dev.txt && \
	touch $@ && echo "$$(($$(date +%s) - started)) s"

.venv-local/complete: local/requirements.txt
	@$(MAKE) --no-print-directory python
	@started=$$(date +%s); printf 'Installing the SAM CLI and the AWS emulator into .venv-local ... '; \
	$(PYTHON) -m venv --clear .venv-local && \
	$(LOCAL_BIN)/python -m pip install $(PIP) --requirement local/requirements.txt && \
	mkdir -p .venv-local/sam && \
	echo '{"telemetryEnabled": false, "lastVersionCheck": 4102444800.0}' > .venv-local/sam/metadata.json && \
	touch $@ && echo "$$(($$(date +%s) - started)) s"

.venv-audit/complete: audit/requirements.txt
	@$(MAKE) --no-print-directory python
	@started=$$(date +%s); printf 'Installing checkov and pip-audit into .venv-audit ... '; \
	$(PYTHON) -m venv --clear .venv-audit && \
	$(AUDIT_BIN)/python -m pip install $(PIP) --requirement audit/requirements.txt && \
	touch $@ && echo "$$(($$(date +%s) - started)) s"

PIP = --quiet --disable-pip-version-check --no-compile

python:
	@command -v $(PYTHON) > /dev/null || { \
	echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "$(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'); this project needs Python 3.11 or newer." >&2; \
	echo "Name one that you have: make PYTHON=python3.12 run" >&2; exit 1; }
