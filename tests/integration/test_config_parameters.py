"""System parameters, from the first to the last."""


def parameters(database):
    return {row["key"]: row["value"] for row in database.rows("SELECT key, value FROM ir_config_parameter")}


def test_life(database):
    at_first = parameters(database)
    done = database.converge("config_parameters", [{"key": "test.one", "value": "1"}, {"key": "test.two", "value": "2"}])
    assert done["counts"] == {"created": 2, "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 0}
    assert parameters(database) == {**at_first, "test.one": "1", "test.two": "2"}

    done = database.converge("config_parameters", [{"key": "test.one", "value": "one"}, {"key": "test.two", "value": "2"}])
    assert done["changes"] == [{"action": "updated", "options": ["value"], "items": ["test.one"]}]
    assert done["diff"] == {"before": {"test.one": {"value": "1"}}, "after": {"test.one": {"value": "one"}}}
    assert parameters(database)["test.one"] == "one"

    done = database.converge("config_parameters", [{"key": "test.one"}, {"key": "test.unknown"}], state="deleted")
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": 0, "deleted": 1, "unchanged": 1}
    assert parameters(database) == {**at_first, "test.two": "2"}


def test_a_parameter_without_a_value(database):
    """A key alone is enough to take over a parameter, not to create one; and Odoo keeps no empty ones."""
    result = database.refuses("config_parameters", [{"key": "test.fine", "value": "1"}, {"key": "test.new"}])
    assert result["problems"] == [{"index": 1, "option": "value", "reason": "is required to create this system parameter"}]

    before = parameters(database)
    done = database.converge("config_parameters", [{"key": "web.base.url"}])
    assert done["changes"] == [{"action": "adopted", "options": [], "items": ["web.base.url"]}]
    assert parameters(database) == before

    database.converge("config_parameters", [{"key": "test.one", "value": "1"}])
    result = database.refuses("config_parameters", [{"key": "test.one", "value": ""}])
    assert result["problems"][0]["index"] == 0
    assert result["problems"][0]["option"] == "value"


def test_overridden_removes_what_is_owned(database):
    database.sql("INSERT INTO ir_config_parameter (key, value) VALUES ('test.by_hand', 'x')")
    at_first = parameters(database)
    owned = [{"key": f"test.{number}", "value": "x"} for number in range(4)]
    database.converge("config_parameters", owned)

    result = database.refuses("config_parameters", owned[:1], state="overridden", max_deletions=2)
    assert result["problems"][0]["option"] == "max_deletions"
    assert all(f"test.{number}" in result["msg"] for number in (1, 2, 3))
    assert "test.0" not in result["msg"]

    done = database.converge("config_parameters", owned[:1], state="overridden", max_deletions=3)
    assert done["counts"]["deleted"] == 3
    assert parameters(database) == {**at_first, "test.0": "x"}
    done = database.converge("config_parameters", [], state="overridden", max_deletions=1)
    assert parameters(database) == at_first
    # Nothing is left behind but the numbers by which runs take turns.
    assert database.values("SELECT name FROM ir_model_data WHERE module = '__postroom__' AND model <> 'ir.model.data'") == []


def test_values_stay_as_they_are(database):
    """Odd values survive being gathered and given back, and hand-made parameters are taken over, not doubled."""
    odd = {"test.lines": "a\nb\n", "test.blank": " x ", "test.umlaut": "Grüße ✉", "test.braces": "{{ x }} ${y}", "test.0": "0"}
    for key, value in odd.items():
        database.sql(f"INSERT INTO ir_config_parameter (key, value) VALUES ('{key}', '{value}')")
    before = parameters(database)
    gathered = database.ok("config_parameters", state="gathered")["gathered"]
    assert {item["key"]: item.get("value") for item in gathered}.items() >= odd.items()
    assert {item["key"] for item in gathered} == before.keys()
    assert before["database.secret"] not in str(gathered)

    done = database.converge("config_parameters", gathered)
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": len(gathered), "deleted": 0, "unchanged": 0}
    assert parameters(database) == before
    named = database.ok("config_parameters", [{"key": "test.0"}, {"key": "test.none"}], state="gathered")["gathered"]
    assert named == [{"key": "test.0", "value": "0"}]


def test_the_alias_domain_is_left_to_its_own_module(database):
    """Up to 16 it consists of system parameters: a list of parameters neither removes nor changes them."""
    domain = {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "catchall"}
    ours = [{"key": "test.ours", "value": "x"}]
    database.ok("alias_domains", [domain])
    before = parameters(database)
    database.converge("config_parameters", [*ours, {"key": "test.left", "value": "x"}])

    seen = database.ok("config_parameters", ours, check=True)
    assert list(seen["drift"]["unnamed"].values()) == ["test.left"]
    done = database.converge("config_parameters", ours, state="overridden", max_deletions=1)
    assert done["diff"]["before"].keys() == {"test.left"}
    assert parameters(database) == {**before, "test.ours": "x"}
    assert not database.ok("alias_domains", [domain])["changed"]
    if database.major >= 17:
        return

    same = {"key": "mail.catchall.alias", "value": "catchall"}
    database.converge("config_parameters", [*ours, same], state="overridden", max_deletions=0)
    other = {"key": "mail.bounce.alias", "value": "other"}
    for config, state in (([other], "merged"), ([same], "deleted"), ([{"key": "mail.bounce.alias"}], "deleted")):
        (problem,) = database.refuses("config_parameters", config, state=state)["problems"]
        assert problem["index"] == 0
        assert "alias_domains" in problem["reason"]
    database.ok("alias_domains", [domain], state="deleted")
    (problem,) = database.refuses("config_parameters", [{"key": "mail.default.from", "value": "office"}])["problems"]
    assert "option default_from of the module alias_domains" in problem["reason"]
