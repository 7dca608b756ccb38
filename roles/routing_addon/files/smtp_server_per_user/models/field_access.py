"""Up to 18: users who may not read a field cannot search, sort or group by it. 19 checks this for every field.

Odoo itself checks a field's groups only when it reads or writes. A search by `user_ids.smtp_server_id`, from any model that
leads to users, an order or a group would reveal what a read refuses.
"""

from odoo import _, api, models
from odoo.exceptions import AccessError

from .. import compat

# The addon's fields on models that every user may read.
RESTRICTED = {
    "mail.message": {"route_rule", "route_server", "sender_by_template"},
    "res.users": {
        "fetching_error",
        "fetching_failed",
        "fetching_server",
        "fetching_state",
        "last_fetched",
        "last_sent",
        "mail_server_ids",
        "sending_error",
        "sending_failed",
        "sending_server_id",
        "sending_state",
        "smtp_server_id",
    },
}
NAMES = {name for names in RESTRICTED.values() for name in names}

if not compat.CHECKS_FIELDS_IN_SEARCHES:

    class Base(models.AbstractModel):
        _inherit = "base"

        @api.model
        def _where_calc(self, domain, *args, **kwargs):
            self._refuse_restricted(_paths(domain))
            return super()._where_calc(domain, *args, **kwargs)

        if compat.offers(models.BaseModel, "_order_to_sql"):

            @api.model
            def _order_to_sql(self, order, *args, **kwargs):
                self._refuse_restricted(_terms(order))
                return super()._order_to_sql(order, *args, **kwargs)

        else:

            @api.model
            def _generate_order_by(self, order_spec, query):
                self._refuse_restricted(_terms(order_spec))
                return super()._generate_order_by(order_spec, query)

        @api.model
        def read_group(self, domain, fields, groupby, *args, **kwargs):
            groups = [groupby] if isinstance(groupby, str) else groupby or []
            self._refuse_restricted([part for text in [*(fields or []), *groups] for part in _field_names(text)])
            return super().read_group(domain, fields, groupby, *args, **kwargs)

        @api.model
        def _refuse_restricted(self, paths):
            """Reject fields, or paths to fields, that the user may not read."""
            suspects = [path for path in paths if NAMES.intersection(path)]
            if not suspects or self.env.su or self.env.user.has_group("base.group_system"):
                return
            for path in suspects:
                model = self
                for name in path:
                    if name in RESTRICTED.get(model._name, ()):
                        raise AccessError(_("Only users who manage mail servers can use the field %s.", name))
                    field = model._fields.get(name)
                    if field is None or not field.comodel_name:
                        break
                    model = self.env[field.comodel_name]


def _paths(domain):
    """The paths that a domain names, those in domains within it, too, from the model that it is for."""
    for leaf in domain or ():
        if isinstance(leaf, (list, tuple)) and len(leaf) == 3 and isinstance(leaf[0], str):
            path = leaf[0].split(".")
            yield path
            if leaf[1] in ("any", "not any"):
                for inner in _paths(leaf[2]):
                    yield path + inner


def _terms(order):
    for term in (order or "").split(","):
        yield term.replace('"', " ").replace(":", " ").split()[:1]


def _field_names(text):
    """The fields in what read_group takes: `field`, `field:day`, `name:count(field)`."""
    return [[name] for name in str(text).replace("(", ":").replace(")", ":").split(":") if name]
