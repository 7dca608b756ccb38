"""Alias domains: four system parameters up to 16, records of their own and the companies' links from 17 on."""

import itertools
import re

import pytest
from proxy import proxy

PARAMETERS = {
    "mail.catchall.domain": "name",
    "mail.catchall.alias": "catchall",
    "mail.bounce.alias": "bounce",
    "mail.default.from": "default_from",
}
OWNED = "SELECT res_id FROM ir_model_data WHERE module = '__postroom__' AND model <> 'ir.model.data' ORDER BY 1"


def domains(database):
    """The domains by name, as Odoo keeps them."""
    if database.major < 17:
        rows = database.rows("SELECT key, value FROM ir_config_parameter")
        found = {PARAMETERS[row["key"]]: row["value"] for row in rows if row["key"] in PARAMETERS}
        return {found["name"]: found} if "name" in found else {}
    rows = database.rows("SELECT name, catchall_alias AS catchall, bounce_alias AS bounce, default_from FROM mail_alias_domain")
    return {row["name"]: row for row in rows}


def companies(database):
    rows = database.rows(
        "SELECT c.name, d.name AS domain FROM res_company c LEFT JOIN mail_alias_domain d ON d.id = c.alias_domain_id"
    )
    return {row["name"]: row["domain"] for row in rows}


def test_life(database):
    assert domains(database) == {}
    full = {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "office"}
    done = database.converge("alias_domains", [full])
    assert done["counts"]["created"] == 1
    assert domains(database) == {"mydomain.com": full}

    for option, value in (
        ("catchall", "all"),
        ("bounce", "returned"),
        ("default_from", "boss@mydomain.com"),
        ("default_from", ""),
        ("bounce", "all"),  # one mailbox for both
        ("catchall", "catchall"),
    ):
        before = domains(database)["mydomain.com"]
        done = database.converge("alias_domains", [{"name": "mydomain.com", option: value}])
        assert done["changes"] == [{"action": "updated", "options": [option], "items": ["mydomain.com"]}]
        wanted = {**before, option: value or None}
        if database.major < 17 and not value:
            wanted.pop(option)
        assert domains(database) == {"mydomain.com": wanted}

    gathered = database.ok("alias_domains", state="gathered")["gathered"]
    assert gathered[0].items() >= {"name": "mydomain.com", "catchall": "catchall", "bounce": "all"}.items()
    assert not database.converge("alias_domains", gathered)["changed"]

    done = database.converge("alias_domains", [{"name": "mydomain.com"}], state="deleted")
    assert done["counts"]["deleted"] == 1
    assert domains(database) == {}


def test_catchall_and_bounce_change_places(database):
    database.ok("alias_domains", [{"name": "mydomain.com", "catchall": "one", "bounce": "two", "default_from": "one"}])
    database.converge("alias_domains", [{"name": "mydomain.com", "catchall": "two", "bounce": "one"}])
    assert domains(database)["mydomain.com"].items() >= {"catchall": "two", "bounce": "one", "default_from": "one"}.items()


def test_several(database):
    two = [{"name": "one.example", "catchall": "a"}, {"name": "two.example", "catchall": "a"}]
    if database.major < 17:
        result = database.refuses("alias_domains", two)
        assert "several from 17.0 on" in result["msg"]
        result = database.refuses("alias_domains", [{**two[0], "sequence": 1, "companies": []}])
        assert {problem["option"] for problem in result["problems"]} == {"sequence", "companies"}
        # A different name renames the one that there is.
        database.ok("alias_domains", two[:1])
        database.converge("alias_domains", [{**two[1], "catchall": "b"}])
        assert domains(database)["two.example"]["catchall"] == "b"
        assert len(domains(database)) == 1
        return
    client = database.odoo()
    for name in ("Second", "Third"):
        client.env["res.company"].create({"name": name})
    first = next(name for name in companies(database) if name not in ("Second", "Third"))
    database.converge(
        "alias_domains", [{**two[0], "companies": [first, "Third"]}, {**two[1], "companies": ["Second"], "sequence": 1}]
    )
    assert companies(database) == {first: "one.example", "Third": "one.example", "Second": "two.example"}
    database.converge("alias_domains", [{**two[1], "companies": ["Third", "Second"]}])
    assert companies(database) == {first: "one.example", "Third": "two.example", "Second": "two.example"}
    database.converge("alias_domains", [{**two[1], "companies": ["Third"]}])
    assert companies(database) == {first: "one.example", "Third": "two.example", "Second": None}
    done = database.converge("alias_domains", two[:1], state="overridden", max_deletions=1)
    assert done["counts"]["deleted"] == 1
    assert companies(database) == {first: "one.example", "Third": None, "Second": None}


def test_the_first_domain_is_for_the_named_companies_only(database):
    """Odoo gives it to all companies."""
    if database.major >= 17:
        database.odoo().env["res.company"].create({"name": "Second Company"})
        database.converge("alias_domains", [{"name": "mydomain.com", "companies": ["My Company"]}])
        assert companies(database) == {"My Company": "mydomain.com", "Second Company": None}


def test_a_domain_made_by_hand_is_taken_over(database):
    client = database.odoo()
    if database.major < 17:
        client.env["ir.config_parameter"].set_param("mail.catchall.domain", "hand.example")
        expected = "updated"
    else:
        client.env["mail.alias.domain"].create({"name": "hand.example", "catchall_alias": "catchall", "bounce_alias": "bounce"})
        expected = "adopted"
    before = domains(database)
    done = database.converge("alias_domains", database.ok("alias_domains", state="gathered")["gathered"])
    assert domains(database) == before
    assert done["counts"]["adopted"] == (1 if expected == "adopted" else 0)
    database.converge("alias_domains", [{"name": "hand.example", "catchall": "all"}])
    assert domains(database) == {"hand.example": {**before["hand.example"], "catchall": "all"}}


def test_an_alias_in_the_way(database):
    """Odoo refuses a catchall that is another alias already; nothing is written then."""
    database.ok("alias_domains", [{"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce"}])
    client = database.odoo()
    model = client.env["ir.model"].search([("model", "=", "res.partner")])[0]
    client.env["mail.alias"].create({"alias_name": "sales", "alias_model_id": model})
    before = domains(database)
    for option in ("catchall", "bounce"):
        other = {"catchall": "bounce", "bounce": "catchall"}[option]
        result = database.run(
            "alias_domains", [{"name": "mydomain.com", option: "sales", other: "moved", "default_from": "new"}]
        )
        assert result["failed"]
        assert re.search("already (used|linked with)", result["msg"])
        # From 17 on it is a constraint of the record, and Odoo says no field.
        assert result["problems"][0]["index"] == 0
        assert result["problems"][0]["option"] in ((option,) if database.major < 17 else (option, None))
        assert domains(database) == before


def test_a_domain_in_use_stays(database):
    """Odoo refuses to remove a domain that aliases use: what the same run changed before is put back."""
    if database.major < 17:
        # Up to 16 the domain is parameters, to which no alias refers: they go.
        database.ok("alias_domains", [{"name": "one.example", "catchall": "a"}])
        client = database.odoo()
        model = client.env["ir.model"].search([("model", "=", "res.partner")])[0]
        client.env["mail.alias"].create({"alias_name": "sales", "alias_model_id": model})
        database.converge("alias_domains", [{"name": "one.example"}], state="deleted")
        assert domains(database) == {}
        return
    database.ok("alias_domains", [{"name": "one.example", "catchall": "a"}, {"name": "two.example", "catchall": "a"}])
    client = database.odoo()
    client.env["res.company"].create({"name": "Second"})
    hand = client.env["mail.alias.domain"].create({"name": "hand.example", "catchall_alias": "c", "bounce_alias": "b"})
    model = client.env["ir.model"].search([("model", "=", "res.partner")])[0]
    used = client.env["mail.alias.domain"].search([("name", "=", "two.example")])[0]
    client.env["mail.alias"].create({"alias_name": "sales", "alias_model_id": model, "alias_domain_id": used})
    before = domains(database), companies(database)
    owned = database.values(OWNED)
    items = [
        {"name": "one.example", "companies": ["Second"], "catchall": "other"},
        {"name": "hand.example"},
        {"name": "new.example", "catchall": "n"},
    ]
    result = database.run("alias_domains", items, state="overridden")
    assert result["failed"], result
    assert (domains(database), companies(database)) == before
    assert database.values(OWNED) == owned
    assert hand not in owned


def test_overridden_removes_the_domain_that_postroom_set(database):
    """The alias domain of one run is not in the list of the next; on 14 as from 17 on it is removed, once that is allowed."""
    database.ok("alias_domains", [{"name": "one.example", "catchall": "a", "bounce": "b"}])
    refused = database.run("alias_domains", [], state="overridden", max_deletions=0)
    assert refused["failed"]
    assert "one.example" in refused["msg"]
    assert set(domains(database)) == {"one.example"}
    done = database.converge("alias_domains", [], state="overridden", max_deletions=1)
    assert done["counts"]["deleted"] == 1
    assert domains(database) == {}


def test_overridden_leaves_a_domain_made_by_hand(database):
    if database.major < 17:
        database.odoo().env["ir.config_parameter"].create({"key": "mail.catchall.domain", "value": "hand.example"})
    else:
        database.odoo().env["mail.alias.domain"].create({"name": "hand.example", "catchall_alias": "c", "bounce_alias": "b"})
    assert not database.converge("alias_domains", [], state="overridden")["changed"]
    assert set(domains(database)) == {"hand.example"}


FULL = {"name": "mydomain.com", "catchall": "all", "bounce": "back", "default_from": "office"}


def ours(database):
    """The records that Postroom owns, by the option that they are of up to 16, else by their name."""
    if database.major >= 17:
        return set(
            database.values(
                "SELECT d.name FROM ir_model_data o JOIN mail_alias_domain d ON d.id = o.res_id"
                " WHERE o.module = '__postroom__' AND o.model = 'mail.alias.domain'"
            )
        )
    keys = database.values(
        "SELECT p.key FROM ir_model_data o JOIN ir_config_parameter p ON p.id = o.res_id"
        " WHERE o.module = '__postroom__' AND o.model = 'ir.config_parameter'"
    )
    return {PARAMETERS[key] for key in keys}


WRITES = ("load", "create", "unlink", "write")


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_a_run_that_breaks_off_is_completed_by_the_next(new_database, answered):
    """Each writing request in turn is lost, before or after Odoo carried it out."""
    for cut in itertools.count():
        database = new_database()
        seen = itertools.count()

        def is_cut(path, body, seen=seen, cut=cut):
            writes = any(path.endswith("/" + name) or b'"%s"' % name.encode() in body for name in WRITES)
            return writes and next(seen) == cut

        def lose(path, body, content, is_cut=is_cut):
            if is_cut(path, body):
                raise ConnectionAbortedError

        losing = {"note": lose} if answered else {"answer": lambda *request, is_cut=is_cut: 0 if is_cut(*request) else None}
        with proxy(database.server["port"], **losing) as url:
            result = database.run("alias_domains", [FULL], url=url)
        whole = not result.get("failed")
        if not whole:
            database.end_turns()
            database.converge("alias_domains", [FULL])
        assert domains(database)["mydomain.com"].items() >= FULL.items()
        assert ours(database) == (set(FULL) if database.major < 17 else {"mydomain.com"})
        if whole:
            assert cut > 0
            return


def test_a_part_without_the_mark_is_marked(database):
    """As an interrupted run of an earlier version left it."""
    if database.major >= 17:
        return
    database.ok("alias_domains", [FULL])
    database.sql(
        "DELETE FROM ir_model_data WHERE module = '__postroom__' AND res_id IN"
        " (SELECT id FROM ir_config_parameter WHERE key IN ('mail.catchall.alias', 'mail.default.from'))"
    )
    assert ours(database) == {"name", "bounce"}
    database.converge("alias_domains", [{"name": "mydomain.com", "catchall": "all"}])
    assert ours(database) == {"name", "bounce", "catchall"}
    done = database.converge("alias_domains", [FULL])
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": 1, "deleted": 0, "unchanged": 0}
    assert ours(database) == set(FULL)
