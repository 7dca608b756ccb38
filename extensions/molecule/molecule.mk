# Molecule's scenarios. See extensions/molecule/README.md.
MOLECULE_STATE := $(CURDIR)/.cache/molecule

.PHONY: scenarios
scenarios: export MOLECULE_EPHEMERAL_DIRECTORY := $(MOLECULE_STATE)
# What molecule remembers of a run that was killed would have the next one skip steps, and to a step whose playbook is
# missing it says no more than a warning. drift_check is for a company's databases.
scenarios: env
	@$(MAKE) --no-print-directory lab-addons ODOO="14 19"
	@rm -rf $(MOLECULE_STATE) && mkdir -p $(MOLECULE_STATE)
	@molecule test --all --exclude drift_check --workers 2 --continue-on-failure 2>&1 | tee $(MOLECULE_STATE)/output.log
	@! grep 'Missing playbook' $(MOLECULE_STATE)/output.log
