# The documentation as a web site: the pages of this repository, and those that the modules and roles document themselves.
.PHONY: site
site: env-run ## Build the documentation site in .cache/site/html; a link that leads nowhere is an error
	@python3 tests/site/build.py
