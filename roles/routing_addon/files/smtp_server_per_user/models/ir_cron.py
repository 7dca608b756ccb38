from odoo import _, api, models
from odoo.exceptions import ValidationError

# System parameter: the number of scheduled actions that fetch mail. Without it, core's own action fetches.
FETCHERS = "smtp_server_per_user.fetchers"
MOST = 64


class IrCron(models.Model):
    _inherit = "ir.cron"

    @api.model
    def _wanted_fetchers(self):
        text = (self.env["ir.config_parameter"].sudo().get_param(FETCHERS) or "").strip()
        if not text:
            return 0
        if not text.isdigit() or not 1 <= int(text) <= MOST:
            raise ValidationError(
                _(
                    "%(parameter)s is %(value)s: it must be a whole number from 1 to %(most)s.",
                    parameter=FETCHERS,
                    value=text,
                    most=MOST,
                )
            )
        return int(text)

    @api.model
    def _fetch_action(self):
        """Core's own scheduled action that fetches mail."""
        # Up to 15, incoming servers are a separate addon.
        found = (
            self.env.ref("%s.ir_cron_mail_gateway_action" % module, raise_if_not_found=False)
            for module in ("mail", "fetchmail")
        )
        return next(filter(None, found), self.browse())

    @api.model
    def _fetch_helpers(self):
        """The scheduled actions that share its work."""
        domain = [("module", "=", "smtp_server_per_user"), ("model", "=", "ir.cron"), ("name", "=like", "fetcher_%")]
        return self.browse(self.env["ir.model.data"].sudo().search(domain).mapped("res_id")).exists()

    @api.model
    def _fetcher_name(self, number):
        return "smtp_server_per_user.fetcher_%d" % number

    @api.model
    def _make_fetchers(self):
        """Create or remove scheduled actions, each a numbered copy of core's own, up to the wanted number."""
        action, wanted = self._fetch_action(), self._wanted_fetchers()
        wanted = wanted if action else 0
        helpers = self.browse()
        for number in range(2, wanted + 1):
            name = self._fetcher_name(number)
            helpers |= self.env.ref(name, raise_if_not_found=False) or self._load_records(
                [{"xml_id": name, "noupdate": True, "values": self._fetcher_values(action, number)}]
            )
        for surplus in self._fetch_helpers() - helpers:
            server_action = surplus.ir_actions_server_id
            surplus.unlink()
            server_action.exists().unlink()

    @api.model
    def _fetcher_values(self, action, number):
        values = {
            "name": "%s (%d)" % (action.with_context(lang="en_US").name, number),
            "model_id": action.model_id.id,
            "state": "code",
            "code": "model._fetch_waiting(%d)" % number,
        }
        # numbercall: up to 17.
        copied = ("active", "interval_number", "interval_type", "nextcall", "numbercall", "priority")
        values.update({field: action[field] for field in copied if field in self._fields}, user_id=action.user_id.id)
        return values

    @api.model
    def _round_began(self, number):
        """The time at which the current round of a scheduled action began.

        It is the time that the action was called for, which they have in common. It stays until the action ends, so that
        who takes over from a worker that died is in the same round. A call by hand comes before it, and is a round itself.
        """
        action = self._fetch_action() if number == 1 else self.env.ref(self._fetcher_name(number))
        self.env.cr.execute(
            "SELECT least(nextcall, date_trunc('second', now() AT TIME ZONE 'UTC')) FROM ir_cron WHERE id = %s", [action.id]
        )
        return self.env.cr.fetchone()[0]
