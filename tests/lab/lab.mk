# The lab: real mail, PostgreSQL and Odoo servers for the tests. See tests/lab/README.md.
LAB := tests/lab
ODOO ?= 19

# Several targets may want the lab at the same time. Closed, or the lab's daemons would keep it.
LAB_LOCK := mkdir -p .cache && flock --close .cache/lab.lock

.PHONY: lab-up lab-addons lab-down lab-wipe

# The services' users must be able to read what is made here, whatever the caller's umask.
lab-up: ## Start the test servers (ODOO="14 19", default 19)
	@$(LAB)/preflight.sh $(ODOO)
	@$(MAKE) --no-print-directory env-run
	@umask 022; export ODOO="$(ODOO)"; $(LAB_LOCK) $(BIN)/ansible-playbook --inventory localhost, $(LAB)/up.yml

# For tests that run side by side: a server is restarted for new addons, which would end their requests.
lab-addons: lab-up
	@umask 022; $(LAB_LOCK) $(BIN)/python tests/e2e/deploy.py $(ODOO)

lab-down: ## Stop the test servers and keep their data
	@python3 $(LAB)/service.py stop

lab-wipe: lab-down ## Stop the test servers and remove everything but the downloads
	@python3 $(LAB)/wipe.py
