# In this order: from_filter is what ir_mail_server builds on, where a series needs it.
from . import (
    fetched_message,
    fetchmail_server,
    field_access,
    from_filter,
    hook_check,
    ir_config_parameter,
    ir_cron,
    ir_mail_server,
    mail_delivery,
    mail_mail,
    mail_message,
    mail_route,
    mail_template,
    mail_thread,
    res_partner,
    res_users,
)
