{
    "name": "OAuth for mail servers",
    "summary": "Log in to mail servers by OAuth 2.0, without a person's consent for each mailbox",
    # Odoo puts its own series before it: one source serves them all.
    "version": "1.0.0",
    "author": "Postroom",
    "license": "LGPL-3",
    "category": "Discuss",
    "depends": ["mail"],
    "external_dependencies": {"python": ["authlib"]},
    "data": ["data/setup.xml"],
}
