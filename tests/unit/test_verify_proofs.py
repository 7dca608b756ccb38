"""Each finding of verify.yml has a test in which it must appear, and one in which it must not.

The table names both. What they say is read from the tests themselves: the one asserts the finding; the other asserts all
findings of the check, or this one, and does not expect it.
"""

import ast
from pathlib import Path

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import rules

TESTS = Path(__file__).parents[1]
FILES = {
    "connections": "integration/test_verify_connections.py",
    "dns": "integration/test_verify_dns.py",
    "dane": "integration/test_verify_dane.py",
    "odoo": "integration/test_verify_odoo.py",
    "round_trip": "e2e/test_verify_round_trip.py",
}
# By file and finding: the test in which it must appear, and the one in which it must not.
PROOFS = {
    "connections": {
        "host_unknown": ("what_is_not_there", "nothing_is_wrong_with_the_lab"),
        "host_refuses": ("what_is_not_there", "nothing_is_wrong_with_the_lab"),
        "protocol_wrong": ("another_protocol", "nothing_is_wrong_with_the_lab"),
        "starttls_missing": ("starttls_that_is_not_offered", "nothing_is_wrong_with_the_lab"),
        "not_encrypted": ("no_encryption", "nothing_is_wrong_with_the_lab"),
        "tls_old": ("old_tls", "nothing_is_wrong_with_the_lab"),
        "certificate_expired": ("a_certificate_by_starttls", "nothing_is_wrong_with_the_lab"),
        "certificate_expires": ("certificates", "nothing_is_wrong_with_the_lab"),
        "certificate_for_other_name": ("certificates", "nothing_is_wrong_with_the_lab"),
        "certificate_untrusted": ("an_authority_that_the_system_does_not_know", "nothing_is_wrong_with_the_lab"),
        "authentication_missing": ("kinds_of_authentication", "logins_by_oauth"),
        "size_smaller": ("size", "size"),
        "login_refused": ("a_wrong_password", "nothing_is_wrong_with_the_lab"),
        "token_not_issued": ("a_token_that_is_not_issued", "logins_by_oauth"),
        "token_refused": ("a_token_that_is_refused", "logins_by_oauth"),
        "login_not_tried": ("tokens_that_only_odoo_has", "logins_by_oauth"),
        "sender_refused": ("an_address_that_the_login_may_not_use", "nothing_is_wrong_with_the_lab"),
        "sender_strict": ("strictness", "a_certificate_by_starttls"),
        "sender_open": ("strictness", "nothing_is_wrong_with_the_lab"),
    },
    "dns": {
        "domain_unknown": ("a_domain_that_does_not_exist", "nothing_is_wrong_with_a_good_domain"),
        "domain_typo": ("mistyped_names", "names_that_are_right"),
        "mx_missing": ("records", "nothing_is_wrong_with_a_good_domain"),
        "mx_null": ("records", "nothing_is_wrong_with_a_good_domain"),
        "mx_host_unknown": ("records", "nothing_is_wrong_with_a_good_domain"),
        "mx_elsewhere": ("records", "nothing_is_wrong_with_a_good_domain"),
        "mta_sts_missing": ("reports_on_encryption", "nothing_is_wrong_with_a_good_domain"),
        "mta_sts_invalid": ("policies", "nothing_is_wrong_with_a_good_domain"),
        "mta_sts_other_mx": ("policies", "nothing_is_wrong_with_a_good_domain"),
        "tls_rpt_missing": ("policies", "nothing_is_wrong_with_a_good_domain"),
        "tls_rpt_invalid": ("reports_on_encryption", "nothing_is_wrong_with_a_good_domain"),
        "dane_unsigned": ("records", "nothing_is_wrong_with_a_good_domain"),
        "spf_missing": ("records", "nothing_is_wrong_with_a_good_domain"),
        "spf_several": ("records", "nothing_is_wrong_with_a_good_domain"),
        "spf_invalid": ("records", "nothing_is_wrong_with_a_good_domain"),
        "spf_lookups": ("records", "records"),
        "spf_void_lookups": ("records", "records"),
        "spf_plus_all": ("records", "nothing_is_wrong_with_a_good_domain"),
        "spf_host": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dkim_missing": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dkim_invalid": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dkim_unknown": ("keys_that_nobody_named", "nothing_is_wrong_with_a_good_domain"),
        "dmarc_missing": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dmarc_several": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dmarc_invalid": ("records", "nothing_is_wrong_with_a_good_domain"),
        "dmarc_none": ("records", "records"),
        "dmarc_not_aligned": ("the_bounce_address_of_another_domain_is_not", "a_filter_of_the_own_address_is_aligned"),
    },
    "dane": {
        "dane_unusable": ("records_and_certificates", "records_and_certificates"),
        "dane_mismatch": ("records_and_certificates", "records_and_certificates"),
    },
    "odoo": {
        "mail_missing": ("a_database_without_mail", "nothing_is_wrong"),
        "odoo_neutralized": ("a_neutralized_copy", "nothing_is_wrong"),
        "odoo_clock": ("the_clock", "the_clock"),
        "base_url": ("the_url", "the_url"),
        "action_inactive": ("a_scheduled_action_that_does_not_run", "nothing_to_fetch_needs_no_action"),
        "action_overdue": ("a_scheduled_action_that_does_not_run", "a_scheduled_action_that_does_not_run"),
        "action_failing": ("a_scheduled_action_that_fails", "nothing_is_wrong"),
        "mails_waiting": ("the_queue", "the_queue"),
        "mails_failed": ("the_queue", "the_queue"),
        "incoming_unconfirmed": ("incoming_servers", "nothing_is_wrong"),
        "incoming_failing": ("incoming_servers", "nothing_is_wrong"),
        "outgoing_missing": ("no_outgoing_server", "nothing_is_wrong"),
        "user_without_address": ("users", "nothing_is_wrong"),
        "user_without_server": ("users", "users"),
        "users_with_one_address": ("users", "nothing_is_wrong"),
        "alias_is_special": ("an_alias_with_the_catchalls_address", "nothing_is_wrong"),
    },
    "round_trip": {
        "trip_done": ("all_is_well", "an_answer_that_lands_elsewhere"),
        "trip_left_over": ("a_crash_in_the_middle", "all_is_well"),
        "trip_not_removed": ("without_the_addon", "all_is_well"),
        "trip_user_missing": ("nobody_in_odoo_has_the_address", "all_is_well"),
        "trip_not_posted": ("a_message_that_odoo_rejects", "all_is_well"),
        "trip_refused": ("a_login_that_is_refused", "a_provider_that_wants_to_wait"),
        "trip_waiting": ("a_provider_that_wants_to_wait", "a_login_that_is_refused"),
        "trip_lost": ("a_message_that_is_lost", "a_message_that_bounces"),
        "trip_bounced": ("a_message_that_bounces", "a_message_that_is_lost"),
        "trip_in_spam": ("a_message_in_the_spam_folder", "all_is_well"),
        "trip_from": ("headers_that_are_wrong", "names_that_are_encoded"),
        "trip_reply_to": ("a_reply_to_that_is_no_address", "names_that_are_encoded"),
        "trip_reply_to_catchall": ("without_the_addon", "all_is_well"),
        "trip_return_path": ("an_envelope_sender_that_is_wrong", "all_is_well"),
        "trip_login": ("headers_that_are_wrong", "all_is_well"),
        "trip_message_id": ("a_message_id_that_is_replaced", "all_is_well"),
        "trip_dmarc": ("what_the_receiver_judged", "what_the_receiver_judged"),
        "trip_spf": ("what_the_receiver_judged", "what_the_receiver_judged"),
        "trip_dkim": ("what_the_receiver_judged", "what_the_receiver_judged"),
        "trip_not_judged": ("all_is_well", "what_the_receiver_judged"),
        "trip_answer_refused": ("an_answer_that_is_refused", "an_answer_that_is_lost"),
        "trip_answer_lost": ("an_answer_that_is_lost", "an_answer_in_the_spam_folder"),
        "trip_answer_in_spam": ("an_answer_in_the_spam_folder", "an_answer_that_is_lost"),
        "trip_not_fetched_by_odoo": ("a_mailbox_that_odoo_does_not_fetch", "a_mailbox_that_odoo_cannot_open"),
        "trip_fetch_failed": ("a_mailbox_that_odoo_cannot_open", "a_message_id_that_is_replaced"),
        "trip_not_landed": ("a_message_id_that_is_replaced", "a_mailbox_that_odoo_cannot_open"),
        "trip_elsewhere": ("an_answer_that_lands_elsewhere", "all_is_well"),
        "trip_author": ("an_answer_by_somebody_else", "all_is_well"),
    },
}
ROWS = [(file, rule, *tests) for file, table in PROOFS.items() for rule, tests in table.items()]


class Test:
    """A test function of a file, and what its assertions may expect."""

    __test__ = False

    def __init__(self, tree, function):
        self._constants = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        self.asserted = [each.test for each in ast.walk(function) if isinstance(each, ast.Assert)]
        cases = [each.args[1] for each in function.decorator_list if isinstance(each, ast.Call) and len(each.args) == 2]
        self.cases = [case for each in cases for case in self._elements(each)]
        # What is expected case by case, here of a loop.
        loops = [each.iter for each in ast.walk(function) if isinstance(each, ast.For)]
        self.cases += [case for each in loops for case in self._elements(each)]

    def _elements(self, node):
        node = self._constants.get(getattr(node, "id", None), node)
        return node.values if isinstance(node, ast.Dict) else getattr(node, "elts", [])

    def words(self, node):
        """The texts in an expression, and in the constants of the file that it names."""
        for each in ast.walk(node):
            if isinstance(each, ast.Constant):
                yield each.value
            elif isinstance(each, ast.Name) and each.id in self._constants:
                yield from self.words(self._constants[each.id])

    def expects(self, rule):
        """Whether an assertion, or a case of all, has the finding."""
        expected = [each for each in [*self.asserted, *self.cases] if not _denies(each)]
        return any(rule in self.words(each) for each in expected)

    def excludes(self, rule):
        """Whether an assertion denies the finding, or compares all findings, or a case of all, without it."""
        if any(_denies(each) and rule in self.words(each) for each in self.asserted):
            return True
        if any(rule not in self.words(case) for case in self.cases) and any(rule in self.words(case) for case in self.cases):
            return True
        return any(_compares(each) and rule not in self.words(each) for each in self.asserted)


def _denies(expression):
    return isinstance(expression, ast.Compare) and isinstance(expression.ops[0], ast.NotIn)


def _compares(expression):
    """Whether an expression compares findings with all that is expected: a set, a dictionary, an empty list or a constant."""
    if not isinstance(expression, ast.Compare) or not isinstance(expression.ops[0], ast.Eq):
        return False
    expected = expression.comparators[0]
    is_empty = isinstance(expected, ast.Call) and ast.unparse(expected) == "set()"
    is_list = isinstance(expected, ast.List) and not expected.elts
    named = isinstance(expected, ast.Name) and expected.id.isupper()
    return is_empty or is_list or named or isinstance(expected, (ast.Set, ast.Dict, ast.BinOp))


@pytest.fixture(scope="module")
def tests():
    """Function that gives a test by its file and name."""
    trees = {name: ast.parse((TESTS / path).read_text()) for name, path in FILES.items()}

    def get(file, name):
        found = [each for each in trees[file].body if isinstance(each, ast.FunctionDef) and each.name == f"test_{name}"]
        assert found, f"{FILES[file]} has no test_{name}"
        return Test(trees[file], found[0])

    return get


def test_each_finding_is_in_the_table():
    assert sorted(rule for _file, rule, *_tests in ROWS) == sorted(rules.RULES)
    assert {file: set() for file in PROOFS} == {
        file: {rule for rule in table if rules.RULES[rule].check != {"dane": "dns"}.get(file, file)}
        for file, table in PROOFS.items()
    }


@pytest.mark.parametrize(("file", "rule", "there", "not_there"), ROWS, ids=[row[1] for row in ROWS])
def test_each_finding_appears_where_it_must_and_only_there(tests, file, rule, there, not_there):
    assert tests(file, there).expects(rule), f"test_{there} does not expect {rule}"
    assert tests(file, not_there).excludes(rule), f"test_{not_there} would not notice {rule}"


@pytest.mark.parametrize(
    ("body", "expects", "excludes"),
    [
        ("assert found == {'x': 'error'}", True, False),
        ("assert set(found) == {'x'}", True, False),
        ("assert found == {'y': 'error'}", False, True),
        ("assert found == {}", False, True),
        ("assert found == set()", False, True),
        ("assert found == STRICT", False, True),
        ("assert found['findings'] == []", False, True),
        ("assert 'x' in found", True, False),
        ("assert 'x' not in found", False, True),
        # It says nothing about what else was found, or is no assertion.
        ("assert 'y' in found", False, False),
        ("assert found[0] == 'y'", False, False),
        ("words = 'x'", False, False),
        ("assert len(found) == 2", False, False),
    ],
)
def test_what_counts_as_a_proof(body, expects, excludes):
    tree = ast.parse(f"STRICT = {{'y': 'information'}}\ndef test_it():\n    {body}\n")
    test = Test(tree, tree.body[1])
    assert (test.expects("x"), test.excludes("x")) == (expects, excludes)
