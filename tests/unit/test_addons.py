"""Which addons are installed or upgraded, and when a version is not the one that was asked for."""

from types import SimpleNamespace

from ansible_collections.postroom.odoo.plugins.module_utils.operations.addons import (
    decide,
    foresee,
    full_version,
    other_versions,
)

SESSION = SimpleNamespace(series="14.0", database="mydomain")
ITEM = {"name": "ours", "upgrade": True, "version": "1.1.0", "required": True}


def addon(version, available, state="installed"):
    return {"ours": {"id": 1, "state": state, "version": version, "available": available}}


def test_a_version_has_the_series_before_it_once():
    assert full_version("1.1.0", "14.0") == full_version("14.0.1.1.0", "14.0") == "14.0.1.1.0"
    assert full_version("14.1.0", "14.0") == "14.0.14.1.0"


def test_an_upgrade_is_for_another_version_only():
    assert decide([ITEM], addon("14.0.1.1.0", "14.0.1.1.0"), "merged") == ([], [])
    assert decide([ITEM], addon("14.0.1.0.0", "14.0.1.1.0"), "merged") == ([("upgrade", "ours")], [])
    assert decide([ITEM], addon("14.0.1.2.0", "14.0.1.1.0"), "merged") == ([("upgrade", "ours")], [])
    assert decide([{"name": "ours", "required": True}], addon("14.0.1.0.0", "14.0.1.1.0"), "merged") == ([], [])


def test_another_version_on_the_disk_is_an_error():
    ((index, option, reason),) = other_versions([{"name": "x"}, ITEM], addon("14.0.1.0.0", "14.0.1.0.0"), "14.0")
    assert (index, option) == (1, "version")
    assert "14.0.1.0.0 on its disk, not 14.0.1.1.0" in reason
    assert other_versions([ITEM], addon("14.0.1.0.0", "14.0.1.1.0"), "14.0") == []


def test_check_mode_takes_the_version_for_put_there():
    for found, todo, told in (
        (addon("14.0.1.0.0", "14.0.1.0.0"), [("upgrade", "ours")], 1),
        (addon("14.0.1.1.0", "14.0.1.1.0"), [], 0),
        ({}, [("install", "ours")], 0),
    ):
        lines = foresee([{"name": "x"}, ITEM], found, SESSION)
        assert len(lines) == told
        assert decide([ITEM], found, "merged") == (todo, [])
        assert other_versions([ITEM], found, "14.0") == []


def test_an_addon_that_is_not_required_is_only_looked_for():
    asked = {"name": "ours", "required": False}
    assert decide([asked], {}, "merged") == ([], [])
    for state in ("uninstalled", "uninstallable", "installed"):
        assert decide([asked], addon("", "14.0.1.1.0", state), "merged") == ([], [])
    assert decide([dict(asked, required=True)], {}, "merged")[1]
