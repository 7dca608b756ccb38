"""The drift report: what several results say together, and each of its"""

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
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.files import as_html, as_junit
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.kinds import KINDS, worded
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.ledger import PARTIAL, Ledger
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.table import as_table

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "drift.schema.json").read_text())
NOW = "2026-11-22T21:00:00+00:00"
EVIL = "<script>alert(1)</script>\"'&\x1b[31m\n{{ 7 * 7 }}"


def compared(resource, *records, differs=(), by_hand=(), unnamed=None):
    """What a module returns as drift: the records of its list, by what identifies them."""
    return {
        "resource": resource,
        "noun": resource.replace("_", " ")[:-1],
        "url": "http://127.0.0.1",
        "database": "mydomain",
        "series": "19.0",
        "records": list(records),
        "keys": [[record] for record in records],
        "differences": list(differs),
        "conflicts": list(by_hand),
        "unnamed": unnamed or {},
    }


def difference(record, **more):
    return {"index": 0, "record": record, "kind": "differs", "option": "port", "declared": 587, "found": 25, **more}


def report_of(ledger):
    report = ledger.report(NOW)
    Draft202012Validator(SCHEMA).validate(report)
    return report


def ledger_with(*rows, host="mydomain"):
    ledger = Ledger()
    ledger.host(host).take(compared("outgoing_mail_servers", "a@b.c", differs=rows))
    return ledger


def kinds(host):
    return [(row["resource"], row["record"], row["kind"]) for row in host.differences()]


# -- several results ---------------------------------------------------------------------------------------------------


def test_a_record_is_unnamed_when_no_list_names_it():
    ledger = Ledger()
    host = ledger.host("mydomain")
    host.expect(["outgoing_mail_servers", "users", "outgoing_mail_servers"])
    host.take(compared("outgoing_mail_servers", "a@b.c", unnamed={2: "b@b.c", 3: "c@b.c"}))
    # As a process of its own returns it, by JSON.
    host.take(compared("outgoing_mail_servers", "b@b.c", unnamed={"1": "a@b.c", "3": "c@b.c"}))
    host.take(compared("users", "b@b.c", unnamed={2: "x@b.c"}))
    assert kinds(host) == [("outgoing_mail_servers", "c@b.c", "unnamed"), ("users", "x@b.c", "unnamed")]
    assert report_of(ledger)["hosts"][0]["notes"] == []
    # A list that was not reached may still name it.
    host.fail("no")
    assert kinds(host) == []


def test_a_list_that_was_left_out_may_name_it():
    """Of each resource by itself: a role that was not run, mail_extras included, does not hide what others left behind."""
    ledger = Ledger()
    host = ledger.host("mydomain")
    host.expect(["incoming_mail_servers", "users", "incoming_mail_servers"])
    host.take(compared("incoming_mail_servers", unnamed={2: "x@b.c"}))
    host.take(compared("users", unnamed={2: "x@b.c"}))
    assert kinds(host) == [("users", "x@b.c", "unnamed")]
    assert report_of(ledger)["hosts"][0]["notes"] == [PARTIAL]
    # Where nobody says which lists there are, none counts as the last.
    part = Ledger()
    part.host("mydomain").take(compared("users", unnamed={2: "x@b.c"}))
    assert kinds(part.host("mydomain")) == []
    assert report_of(part)["hosts"][0]["notes"] == [PARTIAL]


def test_a_record_made_by_hand_that_another_list_names_is_no_conflict():
    host = Ledger().host("mydomain")
    host.expect(["outgoing_mail_servers"])
    by_hand = {"index": 0, "record": "a@b.c", "kind": "second_outgoing_server", "id": 7, "name": "Mine", "found": "sends"}
    host.take(compared("outgoing_mail_servers", "a@b.c", by_hand=[{**by_hand, "keys": [["a@b.c"], ["b@b.c"]]}]))
    assert kinds(host) == [("outgoing_mail_servers", "a@b.c", "second_outgoing_server")]
    host.take(compared("outgoing_mail_servers", "b@b.c"))
    assert kinds(host) == []


def test_a_machine_has_files_and_a_service():
    """They have no database, no keys and nothing unnamed."""
    ledger = Ledger()
    rows = [
        {"record": "/opt/a/__init__.py", "kind": "differs", "option": "mode", "declared": "0644", "found": "0600"},
        {"record": "Odoo", "kind": "restart_due", "resource": "service", "noun": "service"},
    ]
    ledger.host("server").take({"resource": "files", "noun": "file", "records": [], "differences": rows})
    (host,) = report_of(ledger)["hosts"]
    assert [(row["resource"], row["noun"]) for row in host["differences"]] == [("files", "file"), ("service", "service")]
    assert (host["database"], host["notes"]) == (None, [])


def test_status():
    ledger = Ledger()
    assert report_of(ledger)["status"] == "not_checked"
    ledger.host("a").take(compared("users"))
    assert report_of(ledger)["status"] == "as_declared"
    ledger.host("b").take(compared("users", differs=[difference("x")]))
    assert report_of(ledger)["status"] == "drift"
    ledger.host("c").fail("cannot be reached")
    report = report_of(ledger)
    assert report["status"] == "not_checked"
    assert [host["status"] for host in report["hosts"]] == ["as_declared", "drift", "not_checked"]


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
    table = as_table(report_of(ledger_with(difference(EVIL, found=EVIL))))
    assert len([line for line in table if "alert" in line]) == 1
    assert "\x1b" not in "".join(table)


def test_a_table_is_not_endless():
    table = as_table(report_of(ledger_with(*(difference(f"u{number}") for number in range(1000)))))
    assert len(table) < 250
    assert any("800 more" in line for line in table)


def test_a_secret_differs():
    row = {"index": 0, "record": "a@b.c", "kind": "differs", "option": "password", "secret": True}
    table = as_table(report_of(ledger_with(row)))
    assert table[1].split()[-3:] == ["password", "(secret)", "differs"]


def test_what_to_do_names_the_playbook_that_does_it():
    ledger = ledger_with({"index": 0, "record": "a@b.c", "kind": "missing"})
    assert "  Run onboard.yml to create it, or remove it from the inventory." in as_table(ledger.report(NOW, "onboard.yml"))
    assert "{run}" not in json.dumps(worded(KINDS, "site.yml"))


def test_junit_has_a_case_for_each_record():
    ledger = ledger_with(difference("a@b.c"), difference("a@b.c", option="name"), difference(EVIL))
    ledger.host("other").fail("first line\nsecond line")
    suites = ET.fromstring(as_junit(report_of(ledger)))
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("3", "2", "1")
    failure = suites.find("testsuite[@name='mydomain']/testcase[@name='a@b.c']/failure")
    assert failure.get("message") == "name: declared 587, found 25"
    assert "port: declared" in failure.text
    assert "Run site.yml to restore the declared value" in failure.text
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
    page = as_html(report_of(ledger))
    assert tags(page).seen.count("script") == 1
    assert tags(page).addresses == []
    assert "url(" not in page
    assert "49" not in page.replace("2026", "")
    assert "&lt;script&gt;" in page


def test_drift_compares_what_site_sets():
    """Both have one list of roles, and drift.yml is in check mode."""
    shared = "playbooks/tasks/database.yml"
    assert yaml.safe_load((ROOT / shared).read_text())
    imported = {}
    for name in ("playbooks/site.yml", "playbooks/drift.yml"):
        imported[name] = [str(Path(name).parent / each) for each in tasks_of(yaml.safe_load((ROOT / name).read_text()))]
    assert imported == {"playbooks/site.yml": [shared], "playbooks/drift.yml": [shared, "playbooks/tasks/unnamed.yml"]}
    assert [play["check_mode"] for play in yaml.safe_load((ROOT / "playbooks" / "drift.yml").read_text())] == [True, True]


def tasks_of(entries):
    """The files of tasks that plays, or blocks, have."""
    for entry in entries:
        for word in ("import_tasks", "include_tasks"):
            if f"ansible.builtin.{word}" in entry:
                yield entry[f"ansible.builtin.{word}"]
        for part in ("tasks", "block"):
            yield from tasks_of(entry.get(part, ()))
