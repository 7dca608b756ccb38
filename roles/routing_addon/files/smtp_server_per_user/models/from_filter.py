"""Core's choice of servers by From, which it has from 15 on, for older series.

`from_filter` means what it means there, so that one configuration means the same everywhere: addresses and domains, in a
list, that a server may send as.
"""

from odoo import api, fields, models

from .. import compat
from ..tools.addresses import name_and_address, normalize, parts, with_name

if not compat.CHOOSES_BY_SENDER:

    class IrMailServer(models.Model):
        # A separate class, so that ir_mail_server.py can call it with super(), as it calls core's class in later series.
        _inherit = "ir.mail_server"

        from_filter = fields.Char(
            help="E-mail addresses or domains from which this server sends mail, separated by commas. Leave empty to send "
            "all mail.",
        )

        @api.model
        def _get_default_from_address(self):
            """The parameter may be a whole address, as in later series."""
            address = self.env["ir.config_parameter"].sudo().get_param("mail.default.from") or ""
            return normalize(address) or super()._get_default_from_address()

        @api.model
        def _match_from_filter(self, email_from, from_filter):
            addresses, domains = parts(from_filter)
            address = normalize(email_from)
            return not (addresses or domains) or address in addresses or address.rpartition("@")[2] in domains

        @api.model
        def _find_mail_server(self, email_from, mail_servers=None):
            """The server for a sender, and the address to send as."""
            if mail_servers is None:
                mail_servers = self.sudo().search([("active", "=", True)], order="sequence, id")
            servers = mail_servers.filtered("active")
            default_from = normalize(self._get_default_from_address())
            covered = {server: parts(server.from_filter) for server in servers}

            for address, send_as in ((normalize(email_from), email_from), (default_from, default_from)):
                domain = address.rpartition("@")[2]
                for kind, wanted in enumerate((address, domain)):
                    for server in servers if wanted else ():
                        if wanted in covered[server][kind]:
                            return server, send_as
            unfiltered = servers.filtered(lambda server: not any(covered[server]))
            if not self._directory([]).any_filter:
                # As Odoo 14 does: no server has a filter.
                default_from = ""
            return (unfiltered or servers)[:1], default_from or email_from

        def _follow_from_filter(self, message, by_hand, email_from):
            """Set From and the envelope sender of a message to an address from which its server may send.

            :param email_from: From as somebody wrote it; the header may have lost a part of it
            """
            self.ensure_one()
            name, address = name_and_address(email_from)
            if not by_hand:
                send_as = normalize(self._find_mail_server(email_from)[1])
                if send_as and send_as != address:
                    del message["From"]
                    message["From"] = with_name(name or address.partition("@")[0], send_as)
                    address = send_as
            envelope_sender = message["Return-Path"] or self._get_default_bounce_address()
            if envelope_sender and not self._match_from_filter(envelope_sender, self.from_filter):
                del message["Return-Path"]
                message["Return-Path"] = address
