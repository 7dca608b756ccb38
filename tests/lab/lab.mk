# The lab: real mail, PostgreSQL and Odoo servers for the tests. See tests/lab/README.md.
LAB := tests/lab
ODOO ?= 19

.PHONY: lab-up lab-down lab-wipe

# The services' users must be able to read what is made here, whatever the caller's umask.
lab-up: ## Start the test servers (ODOO="14 19", default 19)
	@$(LAB)/preflight.sh $(ODOO)
	@$(MAKE) --no-print-directory env-run
	@umask 022; ODOO="$(ODOO)" $(BIN)/ansible-playbook --inventory localhost, $(LAB)/up.yml

lab-down: ## Stop the test servers and keep their data
	@python3 $(LAB)/service.py stop

lab-wipe: lab-down ## Stop the test servers and remove everything but the downloads
	@python3 $(LAB)/wipe.py
