from . import fetchmail_server, from_filter, ir_mail_server, mail_mail, mail_message, res_partner, res_users
