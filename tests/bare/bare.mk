# What a newcomer runs, on a machine as bare as a newcomer's. Takes minutes; run it before each release.
BARE ?= demo

.PHONY: bare-check
bare-check: env-run ## Run make demo on a bare Debian 12 in a folder (BARE="demo test" runs make test too)
	@python3 tests/bare/check.py $(BARE)
	@python3 tests/bare/check.py --closed demo
