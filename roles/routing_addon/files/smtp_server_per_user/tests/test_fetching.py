from odoo.exceptions import ValidationError
from odoo.tests.common import TransactionCase, tagged

from ..models.ir_cron import FETCHERS


@tagged("post_install", "-at_install")
class TestFetching(TransactionCase):
    def setUp(self):
        super().setUp()
        self.crons = self.env["ir.cron"]
        self.action = self.crons._fetch_action()
        self.servers = self.env["fetchmail.server"]
        self.servers.search([]).write({"active": False})

    def want(self, count):
        self.env["ir.config_parameter"].set_param(FETCHERS, count)
        return self.crons._fetch_helpers()

    def make_server(self, **values):
        return self.servers.create(dict(name="In", server_type="imap", server="localhost", user="u", **values))

    def test_as_many_actions_as_wanted(self):
        server_actions = self.env["ir.actions.server"].search_count([])
        self.assertFalse(self.crons._fetch_helpers())
        helpers = self.want("4")
        self.assertEqual(sorted(helpers.mapped("code")), ["model._fetch_waiting(%d)" % number for number in (2, 3, 4)])
        self.assertEqual(set(helpers.mapped("nextcall")), {self.action.nextcall})
        self.assertEqual(helpers.mapped("user_id"), self.action.user_id)
        # The same ones stay, whatever somebody has set on them.
        kept = self.env.ref("smtp_server_per_user.fetcher_2")
        kept.priority = 3
        self.assertEqual(self.want("2"), kept)
        self.assertEqual(kept.priority, 3)
        self.assertFalse(self.want(False))
        self.assertEqual(self.env["ir.actions.server"].search_count([]), server_actions)

    def test_parameter_by_its_record(self):
        parameter = self.env["ir.config_parameter"].create({"key": FETCHERS, "value": "3"})
        self.assertEqual(len(self.crons._fetch_helpers()), 2)
        parameter.key = "another.key"
        self.assertFalse(self.crons._fetch_helpers())
        parameter.key = FETCHERS
        self.assertEqual(len(self.crons._fetch_helpers()), 2)
        parameter.unlink()
        self.assertFalse(self.crons._fetch_helpers())

    def test_value_that_is_no_number(self):
        for value in ("many", "0", "-1", "65", "2.5"):
            with self.assertRaisesRegex(ValidationError, "from 1 to 64"):
                self.want(value)

    def test_active_as_cores_own(self):
        helpers = self.want("3")
        self.assertEqual(set(helpers.mapped("active")), {self.action.active})
        server = self.make_server(state="done")
        self.assertEqual(set((helpers | self.action).mapped("active")), {True})
        server.set_draft()
        self.assertEqual(set((helpers | self.action).mapped("active")), {False})
        self.make_server(state="done")
        self.assertEqual(set((helpers | self.action).mapped("active")), {True})
