# Every target is one script in .ci/, which can be read and run by itself.

.DEFAULT_GOAL := help
.PHONY: help run test lint bench fuzz setup-build setup-test

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and start the demo: Hilum and its example sites (Ctrl-C stops it)
	@.ci/demo

test: ## Run every test beside private PostgreSQL, Redis and Chromium (ARGS="..." goes to cargo test)
	@.ci/test $(ARGS)

lint: ## Check format, clippy, docs, links, licences and sources
	@.ci/lint

bench: ## Measure CPU per request in a release build, beside a floor
	@.ci/bench $(ARGS)

fuzz: ## Make up SAML messages for ten minutes (ARGS="60" for one)
	@.ci/fuzz $(ARGS)

setup-build: ## Install what the build needs (make run does this too)
	@.ci/setup-build

setup-test: ## Install what the tests need (make test does this too)
	@.ci/setup-test
