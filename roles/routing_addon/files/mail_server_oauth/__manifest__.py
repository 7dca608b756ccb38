{
    "name": "OAuth for mail servers",
    "summary": "Log in to outgoing and incoming mail servers by OAuth 2.0",
    # Odoo puts its own series before it: one source serves them all.
    "version": "1.1.0",
    "author": "Postroom",
    "license": "LGPL-3",
    "category": "Discuss",
    "depends": ["mail"],
    "external_dependencies": {"python": ["authlib"]},
    "data": ["data/setup.xml"],
}
