"""The samples in a module's documentation are of the module's own kind of record."""

import importlib

import pytest
import yaml

from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE


@pytest.mark.parametrize("resource", BY_MODULE.values(), ids=list(BY_MODULE))
def test_samples(resource):
    module = importlib.import_module(f"ansible_collections.postroom.odoo.plugins.modules.{resource.name}")
    returned = yaml.safe_load(module.RETURN)
    label = resource.example.label
    # The label is what an item of the resource is called.
    values = dict(zip(reversed(resource.identities[0]), label.split(" on "), strict=True))
    check_items(resource, [values])
    assert resource.label(values) == label
    if resource.creates:
        assert returned["adopted"]["sample"] == [f"{label} (id 7)"]
    assert returned["changes"]["sample"][0]["items"] == [label]
    (difference,) = returned["drift"]["contains"]["differences"]["sample"]
    assert difference["record"] == label
    assert difference["option"] in resource.argument_spec()
    assert returned["problems"]["sample"][0]["option"] in resource.argument_spec()


def test_an_address_is_no_alias_domain():
    """As the sample of alias_domains once was."""
    with pytest.raises(BadItems):
        check_items(BY_MODULE["alias_domains"], [{"name": "newuser@mydomain.com"}])
