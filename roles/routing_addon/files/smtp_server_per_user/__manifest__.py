{
    "name": "SMTP server per user",
    "summary": "Send each user's mail through the user's own server, and post replies on the record",
    # Odoo puts its own series before it: one source serves them all.
    "version": "1.4.0",
    "author": "Postroom",
    "license": "LGPL-3",
    "category": "Discuss",
    "depends": ["mail"],
    "data": [
        "views/ir_mail_server_views.xml",
        "views/mail_route_views.xml",
        "views/sending_limit_views.xml",
        "views/mail_state_views.xml",
        "data/setup.xml",
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
