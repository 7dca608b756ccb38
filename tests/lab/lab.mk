# The lab: real mail, PostgreSQL and Odoo servers for the tests. See tests/lab/README.md.
LAB := tests/lab
ODOO ?= 19

.PHONY: lab-up lab-down lab-wipe

lab-up: env ## Bring the test servers up (ODOO="14 19", default 19)
	@ODOO="$(ODOO)" $(BIN)/ansible-playbook --inventory localhost, $(LAB)/up.yml

lab-down: ## Stop the test servers, keep their data
	@python3 $(LAB)/service.py stop

lab-wipe: lab-down ## Stop the test servers, remove all but the downloads
	@python3 $(LAB)/wipe.py
