# Postroom shown on a real Odoo, from nothing. A second run of site.yml changes nothing.
DEMO := tests/demo
DEMO_INVENTORIES := --inventory inventories/lab --inventory tests/lab/servers.yml --inventory $(DEMO)/inventory.yml
DEMO_PLAYBOOK := ansible-playbook $(DEMO_INVENTORIES) --limit server19,odoo19

.PHONY: demo
demo: env ## Set up a real Odoo 19, configure its e-mail, write to a customer and receive the reply
	@$(MAKE) --no-print-directory lab-up ODOO=19
	@$(DEMO_PLAYBOOK) $(DEMO)/database.yml
	@$(DEMO_PLAYBOOK) --diff site.yml
	@$(DEMO_PLAYBOOK) $(DEMO)/look.yml
	@python3 $(DEMO)/round_trip.py
