# Postroom shown on a real Odoo, from nothing. A second run changes nothing.
DEMO := tests/demo

.PHONY: demo
demo: env ## Set up a real Odoo 19 and configure its e-mail
	@$(MAKE) --no-print-directory lab-up ODOO=19
	@ansible-playbook --limit odoo19 $(DEMO)/database.yml
	@ansible-playbook --limit odoo19 --diff site.yml
	@ansible-playbook --limit odoo19 $(DEMO)/look.yml
