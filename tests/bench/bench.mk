# How fast it is, beside what one would use instead. BENCH_USERS="10 100 1000 10000" and ODOO="14 19" say how much of it.
BENCH := tests/bench
BENCH_USERS ?= 10 100 1000
BENCH_ROUNDS ?= 3
# Another checkout of Postroom, such as one of an earlier revision, to be measured in the same run.
BENCH_BESIDE ?=
BENCH_RESULTS := .cache/bench/results.json

.PHONY: bench
bench: env ## Compare the speed of site.yml with the alternatives (BENCH_USERS="10 100 1000", ODOO=19)
	@$(MAKE) --no-print-directory lab-up ODOO="$(ODOO)"
	@python3 $(BENCH)/compare.py --users "$(BENCH_USERS)" --series "$(ODOO)" --rounds $(BENCH_ROUNDS) --json $(BENCH_RESULTS) \
	  $(if $(BENCH_BESIDE),--beside $(BENCH_BESIDE))
	@.cache/bench/venv/bin/python $(BENCH)/plot.py $(BENCH_RESULTS) $(dir $(BENCH_RESULTS))
