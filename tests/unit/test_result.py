"""What a module says: small, and without secrets."""

import json

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import Wanted, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import describe, diff, problems_message

SERVERS = resources.OUTGOING_MAIL_SERVERS


def plan_for(*items, actual=(), owned=None):
    return make_plan(
        SERVERS, [Wanted(index, item, item) for index, item in enumerate(items)], list(actual), owned or {}, "merged"
    )


def test_a_thousand_alike_take_one_entry():
    plan = plan_for(*({"login": f"u{number}@mydomain.com", "host": "h", "port": 25} for number in range(1000)))
    described = describe(plan)
    assert described["counts"]["created"] == 1000
    assert len(described["changes"]) == 1
    assert len(json.dumps(described)) < 40 * 1000


def test_a_diff_has_what_changes_and_hides_secrets():
    actual = [{"id": 1, "login": "a@b.c", "host": "old", "port": 25, "password": "old-secret", "active": True}]
    plan = plan_for({"login": "a@b.c", "host": "new", "port": 25, "password": "new-secret"}, actual=actual, owned={1: "x"})
    assert diff(SERVERS, None, 19, plan) == {
        "before": {"a@b.c": {"host": "old", "password": "(hidden, old)"}},
        "after": {"a@b.c": {"host": "new", "password": "(hidden, new)"}},
    }


def test_confidential_parameters_are_hidden_by_their_key():
    wanted = [Wanted(0, {"key": "database.secret"}, {"key": "database.secret", "value": "xyz"})]
    plan = make_plan(resources.CONFIG_PARAMETERS, wanted, [], {}, "merged")
    assert "xyz" not in json.dumps(diff(resources.CONFIG_PARAMETERS, None, 19, plan))


def test_an_error_names_place_label_option_and_reason():
    message = problems_message("user", ["a", "b"], [(1, "groups", "no such group")])
    assert message["msg"] == "config[1] b: groups: no such group"
    several = problems_message("user", ["a", "b"], [(0, None, "bad"), (1, "groups", "no such group")])
    assert several["msg"].splitlines() == [
        "2 problems with the list of users:",
        "- config[0] a: bad",
        "- config[1] b: groups: no such group",
    ]
