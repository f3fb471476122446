# The few commands there are. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/.cairn/tools/bin:$(PATH)
# Where cargo builds, also when the environment says elsewhere.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help up demo test servers check contracts bench

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

up: ## Install what is missing, build, and run the platform until Ctrl-C
	@deploy/install.sh
	@cargo build --release -p cairn
	@exec setpriv --pdeathsig=TERM $(TARGET)/release/cairn up

demo: ## Fill the running platform with a company to look at
	@cargo build --release -p cairn
	@$(TARGET)/release/cairn demo

test: ## Run every test, with a Postgres and a RabbitMQ of their own
	@deploy/install.sh test
	@cargo build -p cairn
	@exec setpriv --pdeathsig=TERM $(TARGET)/debug/cairn servers run --data .cairn/test --throwaway -- \
		cargo nextest run --workspace

servers: ## Keep a Postgres and a RabbitMQ for single tests: `cargo nextest run -p cairn products`
	@deploy/install.sh
	@cargo build -p cairn
	@exec setpriv --pdeathsig=TERM $(TARGET)/debug/cairn servers start --data .cairn/test --throwaway

check: ## Format, lints, documentation, contracts, compose file
	@deploy/install.sh check
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --quiet
	cargo run --quiet -p cairn -- contracts --check
	@compose='docker compose'; $$compose version >/dev/null 2>&1 || compose=docker-compose; \
		CAIRN_MASTER_KEY=- POSTGRES_PASSWORD=- RABBITMQ_PASSWORD=- $$compose config --quiet

contracts: ## Write the OpenAPI and AsyncAPI documents anew
	@cargo run --quiet -p cairn -- contracts

bench: ## Measure against plain Postgres and nginx, on this machine
	@deploy/install.sh bench
	@cargo build --release -p cairn
	@$(TARGET)/release/cairn bench
