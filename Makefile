# Set-up happens by itself: .venv from the lock files, front-end parts from npm, both only when they changed.

.DEFAULT_GOAL := help
.PHONY: help run test soak fuzz check bench screenshots lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## everything on this machine, at http://127.0.0.1:8000 (PORT=8123 make run moves it)
	@tools/set-up run
	@$(if $(PORT),COMPLAINTS_LISTEN=127.0.0.1:$(PORT) )COMPLAINTS_DEV=$(or $(COMPLAINTS_DEV),$(DEV),1) exec .venv/bin/complaints up

test: ## the whole test suite, browser included (ARGS="-k kiosk" for a part)
	@tools/set-up dev
	@CHROMIUM=$$(tools/browser) && export CHROMIUM && exec .venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

soak: ## break a whole service at random for half an hour and compare (SEED=7 MINUTES=30 make soak); reports under build/
	@tools/set-up dev
	@exec .venv/bin/python -m tests.faults.soak $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

fuzz: ## random sequences against the model, schemathesis through every border of the API (EXAMPLES=300 make fuzz)
	@tools/set-up dev
	@COMPLAINTS_TEST_EXAMPLES=$(or $(EXAMPLES),100) .venv/bin/pytest -q -n 0 -o timeout=0 -o faulthandler_timeout=0 tests/faults/test_model.py tests/faults/test_schemathesis.py

check: ## format, lint, types, import contracts, migrations, templates
	@tools/set-up dev
	@tools/check

bench: ## the benchmarks, one after the other
	@tools/set-up dev
	@exec .venv/bin/python -m benchmarks $(ARGS)

screenshots: ## every page in its widths, themes and languages, on contact sheets under screenshots/
	@tools/set-up dev
	@CHROMIUM=$$(tools/browser) && export CHROMIUM && exec .venv/bin/python -m tools.screenshots $(ARGS)

lock: ## choose the versions again (needs uv and npm); UPGRADE=1 takes newer ones
	@tools/lock $(if $(UPGRADE),--upgrade)

clean: ## everything that set-up and tests made, except the data in var/
	rm -rf .venv node_modules complaints_service/static/vendor dist build screenshots test-results
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
