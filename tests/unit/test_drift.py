"""The drift report: what several results say together, and each of its formats."""

import html.parser
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.conflicts import View
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import Wanted, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import differences
from ansible_collections.postroom.odoo.plugins.plugin_utils import drift_formats as formats
from ansible_collections.postroom.odoo.plugins.plugin_utils.drift import KINDS, PARTIAL, WHOLE, Ledger

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "drift.schema.json").read_text())
NOW = "2026-11-22T21:00:00+00:00"
EVIL = "<script>alert(1)</script>\"'&\x1b[31m\n{{ 7 * 7 }}"


def result(*items, differs=(), by_hand=(), unnamed=None, **more):
    """What a module returns in check mode."""
    return {
        "invocation": {"module_args": {"url": "http://127.0.0.1", "database": "mydomain", "config": list(items)}},
        "series": "19.0",
        "drift": {"differences": list(differs), "conflicts": list(by_hand), "unnamed": unnamed or {}},
        **more,
    }


def difference(record, **more):
    return {"index": 0, "record": record, "kind": "differs", "option": "port", "declared": 587, "found": 25, **more}


def report_of(ledger):
    report = ledger.report(NOW)
    Draft202012Validator(SCHEMA).validate(report)
    return report


def ledger_with(*rows, host="mydomain"):
    ledger = Ledger()
    ledger.host(host).take("outgoing_mail_servers", result({"login": "a@b.c"}, differs=rows))
    return ledger


# -- several results ---------------------------------------------------------------------------------------------------


def test_a_record_is_unnamed_when_no_list_names_it():
    ledger = Ledger()
    host = ledger.host("mydomain")
    host.roles.update(WHOLE)
    host.take("outgoing_mail_servers", result({"login": "a@b.c"}, unnamed={"2": "b@b.c", "3": "c@b.c"}))
    host.take("outgoing_mail_servers", result({"login": "b@b.c"}, unnamed={"1": "a@b.c", "3": "c@b.c"}))
    host.take("users", result({"login": "b@b.c"}, unnamed={"2": "x@b.c"}))
    assert [(row["resource"], row["record"], row["kind"]) for row in report_of(ledger)["hosts"][0]["differences"]] == [
        ("outgoing_mail_servers", "c@b.c", "unnamed"),
        ("users", "x@b.c", "unnamed"),
    ]
    # A list that was not reached may still name it.
    host.fail("no")
    assert ledger.differences("mydomain") == 0
    # So may the list of a role that was left out.
    part = Ledger()
    part.host("mydomain").roles.add("mail_users")
    part.host("mydomain").take("users", result(unnamed={"2": "x@b.c"}))
    assert part.differences("mydomain") == 0
    assert report_of(part)["hosts"][0]["notes"] == [PARTIAL]


def test_a_stranger_that_another_list_names_is_none():
    ledger = Ledger()
    ledger.host("mydomain").roles.update(WHOLE)
    stranger = {"index": 0, "record": "a@b.c", "kind": "second_outgoing_server", "id": 7, "name": "Mine", "found": "sends"}
    ledger.host("mydomain").take(
        "outgoing_mail_servers", result({"login": "a@b.c"}, by_hand=[{**stranger, "keys": [["a@b.c"], ["b@b.c"]]}])
    )
    assert ledger.differences("mydomain") == 1
    ledger.host("mydomain").take("outgoing_mail_servers", result({"login": "B@b.c"}))
    assert ledger.differences("mydomain") == 0


def test_status():
    ledger = Ledger()
    assert report_of(ledger)["status"] == "not_checked"
    ledger.host("a").take("users", result())
    assert report_of(ledger)["status"] == "as_declared"
    ledger.host("b").take("users", result(differs=[difference("x")]))
    assert report_of(ledger)["status"] == "drift"
    ledger.host("c").fail("cannot be reached")
    report = report_of(ledger)
    assert report["status"] == "not_checked"
    assert [host["status"] for host in report["hosts"]] == ["as_declared", "drift", "not_checked"]


def test_addons_of_other_series_or_not_required_are_not_declared():
    ledger = Ledger()
    older = {"name": "fetchmail", "since": None, "until": 15, "required": True}
    asked_for = {"name": "smtp_server_per_user", "since": None, "until": None, "required": False}
    declared = {"name": "mail", "since": None, "until": None, "required": True}
    ledger.host("mydomain").take("addons", result(older, asked_for, declared))
    assert [each["record"] for each in report_of(ledger)["hosts"][0]["records"]] == ["mail"]


# -- what differs ------------------------------------------------------------------------------------------------------


def wanted(*items):
    return [Wanted(index, item, item) for index, item in enumerate(items)]


def test_differences_of_a_plan():
    servers = resources.OUTGOING_MAIL_SERVERS
    actual = [
        {"id": 1, "login": "a@b.c", "host": "old", "port": 25, "password": "old-secret", "active": True},
        {"id": 2, "login": "b@b.c", "host": "h", "active": True},
    ]
    items = wanted(
        {"login": "a@b.c", "host": "h", "port": 25, "password": "new-secret"},
        {"login": "b@b.c"},
        {"login": "c@b.c", "host": "h"},
    )
    rows = differences(servers, None, 19, make_plan(servers, items, actual, {1: "x"}, "merged"))
    assert rows == [
        {"index": 0, "record": "a@b.c", "kind": "differs", "option": "host", "declared": "h", "found": "old"},
        {"index": 0, "record": "a@b.c", "kind": "differs", "option": "password", "secret": True},
        {"index": 1, "record": "b@b.c", "kind": "not_owned"},
        {"index": 2, "record": "c@b.c", "kind": "missing"},
    ]


def test_what_stands_beside_ours_does_not_make_ours_ambiguous():
    servers = resources.OUTGOING_MAIL_SERVERS
    actual = [{"id": number, "login": "a@b.c", "host": "h", "active": True} for number in (1, 2)]
    plan = make_plan(servers, wanted({"login": "a@b.c", "host": "new"}), actual, {2: "x"}, "merged")
    assert [change.record for change in plan.changes] == [2]


def conflicts_of(resource, items, records, owned=()):
    named = {record["id"]: record["is"] for record in records if "is" in record}
    view = View(resource, wanted(*items), records, frozenset(owned), named, lambda option, value: [str(each) for each in value])
    return [(kind, index, record["id"]) for kind, index, record, reason in resource.conflicts(view)]


SHARED = {"login": "catchall@b.c", "from_filter": "catchall@b.c", "priority": 1}
PERSONAL = {"login": "a@b.c", "from_filter": "a@b.c", "priority": 100}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"login": "A@b.c", "priority": 900}, "second_outgoing_server"),
        ({"login": "relay", "from_filter": "x@b.c, a@b.c"}, "second_outgoing_server"),
        ({"login": "a@b.c", "from_filter": "info@b.c"}, None),
        ({"login": "relay", "priority": 0}, "earlier_outgoing_server"),
        ({"login": "relay", "priority": 1}, None),
        ({"login": "relay", "priority": 10}, None),
        ({"login": "relay", "priority": 0, "from_filter": "other.example"}, None),
        ({"login": "relay", "priority": 900, "from_filter": "b.c"}, "earlier_outgoing_server"),
        ({"login": "a@b.c", "active": False}, None),
    ],
)
def test_conflicts_of_outgoing_servers(record, kind):
    records = [{"id": 1, "is": 0, **SHARED}, {"id": 2, "is": 1, **PERSONAL}, {"id": 3, **record}]
    found = conflicts_of(resources.OUTGOING_MAIL_SERVERS, [SHARED, PERSONAL], records, {1, 2})
    assert [each[0] for each in found] == [kind] * bool(kind)
    # What Postroom owns is no stranger, and who declares no first server has none that could be preceded.
    assert conflicts_of(resources.OUTGOING_MAIL_SERVERS, [SHARED, PERSONAL], records, {1, 2, 3}) == []
    alone = conflicts_of(resources.OUTGOING_MAIL_SERVERS, [PERSONAL], [{**records[1], "is": 0}, records[2]], {2})
    assert [each[0] for each in alone] == [kind] * (kind == "second_outgoing_server")


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"login": "A@b.c", "host": "elsewhere"}, True),
        ({"login": "a", "host": "h"}, False),
        ({"login": "shop", "host": "H"}, True),
        ({"login": "shop", "host": "elsewhere"}, False),
        ({"login": "", "host": "h"}, False),
    ],
)
def test_conflicts_of_incoming_servers(record, found):
    items = [{"login": "a@b.c", "host": "h"}, {"login": "shop", "host": "h"}]
    assert bool(conflicts_of(resources.INCOMING_MAIL_SERVERS, items, [{"id": 3, **record}])) == found


def test_conflicts_of_alias_domains_need_companies_that_nobody_declared():
    ours, other = {"id": 1, "is": 0, "companies": frozenset()}, {"id": 2, "companies": frozenset([1])}
    found = conflicts_of(resources.ALIAS_DOMAINS, [{"name": "b.c"}], [ours, other])
    assert found == [("other_alias_domain", 0, 2), ("unused_alias_domain", 0, 1)]
    assert conflicts_of(resources.ALIAS_DOMAINS, [{"name": "b.c", "companies": frozenset([3])}], [ours, other]) == []


# -- formats -----------------------------------------------------------------------------------------------------------


def test_every_kind_is_documented():
    documented = (ROOT / "docs" / "drift.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in documented] == []
    assert SCHEMA["$defs"]["difference"]["properties"]["kind"]["enum"] == list(KINDS)


def test_a_table_has_no_line_or_command_of_the_records():
    table = formats.as_table(report_of(ledger_with(difference(EVIL, found=EVIL))))
    assert len([line for line in table if "alert" in line]) == 1
    assert "\x1b" not in "".join(table)


def test_a_table_is_not_endless():
    table = formats.as_table(report_of(ledger_with(*(difference(f"u{number}") for number in range(1000)))))
    assert len(table) < 250
    assert any("800 more" in line for line in table)


def test_a_secret_differs():
    row = {"index": 0, "record": "a@b.c", "kind": "differs", "option": "password", "secret": True}
    table = formats.as_table(report_of(ledger_with(row)))
    assert table[1].split()[-3:] == ["password", "(secret)", "differs"]


def test_junit_has_a_case_for_each_record():
    ledger = ledger_with(difference("a@b.c"), difference("a@b.c", option="name"), difference(EVIL))
    ledger.host("other").fail("first line\nsecond line")
    suites = ET.fromstring(formats.as_junit(report_of(ledger)))
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("3", "2", "1")
    failure = suites.find("testsuite[@name='mydomain']/testcase[@name='a@b.c']/failure")
    assert failure.get("message") == "name: declared 587, found 25"
    assert "port: declared" in failure.text
    assert KINDS["differs"]["cure"] in failure.text
    assert suites.find("testsuite[@name='other']/testcase/error").get("message") == "first line"


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data")]


def tags(page):
    parser = Tags()
    parser.feed(page)
    return parser


def test_a_page_takes_nothing_for_markup_and_needs_nothing_else():
    ledger = ledger_with(difference(EVIL, found=EVIL, declared=[EVIL]), host=EVIL)
    ledger.host(EVIL).fail(EVIL)
    ledger.host(EVIL).notes.append(EVIL)
    page = formats.as_html(report_of(ledger))
    assert tags(page).seen.count("script") == 1
    assert tags(page).addresses == []
    assert "url(" not in page
    assert "49" not in page.replace("2026", "")
    assert "&lt;script&gt;" in page


def test_drift_compares_what_site_sets():
    """The same roles in the same order."""

    def roles(tasks):
        for task in tasks:
            for word in ("include_role", "import_role"):
                if f"ansible.builtin.{word}" in task:
                    role = task[f"ansible.builtin.{word}"]
                    yield role["name"], role.get("tasks_from", "main"), task.get("tags")
            yield from roles(task.get("block", ()))

    set_by = [
        found
        for play in yaml.safe_load((ROOT / "site.yml").read_text())
        for found in [
            *roles(play.get("pre_tasks", ())),
            *roles(play.get("tasks", ())),
        ]
    ]
    plays = yaml.safe_load((ROOT / "playbooks" / "drift.yml").read_text())
    assert [found for play in plays for found in roles(play["tasks"])] == set_by
    assert [play["check_mode"] for play in plays] == [True, True]
