# Postroom shown on a real Odoo, from nothing. A second run of site.yml changes nothing.
.PHONY: demo
demo: ## Set up a real Odoo 19, configure its e-mail, write to a customer and receive the reply
	@tests/demo/demo.sh
