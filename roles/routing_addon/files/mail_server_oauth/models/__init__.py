from . import (
    fetchmail_server,
    hook_check,
    ir_mail_server,
    mail_mail,
    mail_oauth_client,
    mail_oauth_login,
    mail_oauth_token,
    series_data,
)
