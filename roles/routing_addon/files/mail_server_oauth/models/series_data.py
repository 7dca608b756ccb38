"""Access and views, which are written differently from series to series."""

from odoo import api, models

MODELS = ("mail.oauth.client", "mail.oauth.token")


class MailOauthClient(models.Model):
    _inherit = "mail.oauth.client"

    @api.model
    def _load(self, name, model, values):
        """Create a record of the addon's, or update it."""
        data = {"xml_id": "mail_server_oauth.%s" % name, "noupdate": True, "values": values}
        return self.env[model]._load_records([data])

    @api.model
    def _load_series_access(self):
        """Administrators manage clients, and see tokens. Up to 19 an access right, from 20 on an access."""
        group = self.env.ref("base.group_system")
        for model in MODELS:
            name = "%s_access" % model.replace(".", "_")
            model_id, writes = self.env["ir.model"]._get_id(model), model == "mail.oauth.client"
            if "ir.access" in self.env:
                operations = "rwcd" if writes else "r"
                values = {"name": name, "model_id": model_id, "group_id": group.id, "operation": operations}
                self._load(name, "ir.access", values)
                continue
            values = {"name": name, "model_id": model_id, "group_id": group.id, "perm_read": True}
            values.update({"perm_write": writes, "perm_create": writes, "perm_unlink": writes})
            self._load(name, "ir.model.access", values)

    @api.model
    def _list_kind(self):
        """`tree` up to 17, `list` from 18 on."""
        kinds = dict(self.env["ir.ui.view"]._fields["type"]._description_selection(self.env))
        return "list" if "list" in kinds else "tree"

    @api.model
    def _load_series_views(self):
        kind = self._list_kind()
        tokens = "".join(
            '<field name="%s"/>' % each
            for each in ("mailbox", "state", "valid_until", "refreshed", "last_used", "last_error", "last_error_date")
        )
        views = {
            "mail_oauth_client_form": ("mail.oauth.client", "form", CLIENT_FORM % {"kind": kind, "tokens": tokens}),
            "mail_oauth_client_list": ("mail.oauth.client", kind, CLIENT_LIST % {"kind": kind}),
        }
        for name, (model, view_type, arch) in views.items():
            values = {"name": "mail_server_oauth.%s" % name, "model": model, "type": view_type, "arch": arch}
            self._load(name, "ir.ui.view", values)
        for model, parents in (
            ("ir.mail_server", ["base.ir_mail_server_form"]),
            ("fetchmail.server", ["mail.view_email_server_form", "fetchmail.view_email_server_form"]),
        ):
            if "oauth_client_id" not in getattr(self.env.get(model), "_fields", ()):
                continue
            parent = next(found for found in (self.env.ref(each, False) for each in parents) if found)
            password = ""
            if model == "fetchmail.server":
                # Needed in core's form, where it is not needed here.
                name, condition = ("attrs", ATTRS) if "attrs=" in parent.arch else ("required", CONDITION)
                password = OPTIONAL_FIELD % {"name": name, "condition": condition}
            values = {
                "name": "mail_server_oauth.%s" % model,
                "model": model,
                "inherit_id": parent.id,
                "mode": "extension",
                "arch": SERVER_FORM % {"password": password},
            }
            self._load("%s_form" % model.replace(".", "_"), "ir.ui.view", values)
        action = self._load(
            "mail_oauth_client_action",
            "ir.actions.act_window",
            {"name": "OAuth Clients", "res_model": "mail.oauth.client", "view_mode": "%s,form" % kind},
        )
        menu = {
            "name": "OAuth Clients",
            "parent_id": self.env.ref("base.menu_email").id,
            "sequence": 7,
            "action": "ir.actions.act_window,%d" % action.id,
        }
        self._load("mail_oauth_client_menu", "ir.ui.menu", menu)


CLIENT_LIST = '<%(kind)s><field name="name"/><field name="grant"/><field name="token_url"/><field name="client_id"/></%(kind)s>'
CLIENT_FORM = """
<form>
    <header><button name="button_test" type="object" string="Get a Token" class="btn-primary"/></header>
    <sheet>
        <group>
            <group string="Provider">
                <field name="name"/><field name="token_url"/><field name="grant"/><field name="subject"/><field name="scopes"/>
                <field name="active"/>
            </group>
            <group string="Client">
                <field name="client_id"/><field name="client_authentication"/>
                <field name="client_secret" password="True"/><field name="secret_expires"/>
                <field name="private_key"/><field name="key_id"/>
                <field name="certificate"/><field name="certificate_expires"/>
            </group>
        </group>
        <field name="token_ids" nolabel="1"><%(kind)s>%(tokens)s</%(kind)s></field>
    </sheet>
</form>
"""
SERVER_FORM = """
<data>
    %(password)s
    <sheet position="inside">
        <group string="OAuth">
            <group>
                <field name="oauth_client_id"/><field name="oauth_state"/>
                <field name="oauth_valid_until"/><field name="oauth_last_used"/>
            </group>
            <group><field name="oauth_error"/><button name="button_test_oauth" type="object" string="Test OAuth"/></group>
        </group>
    </sheet>
</data>
"""
OPTIONAL_FIELD = """
    <field name="password" position="attributes"><attribute name="%(name)s">%(condition)s</attribute></field>
"""
ATTRS = "{'required': [('server_type', '!=', 'local'), ('oauth_client_id', '=', False)]}"
CONDITION = "server_type in ('imap', 'pop') and not oauth_client_id"
