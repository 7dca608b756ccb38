"""Odoo shows both addons in the languages into which they are translated."""

import pytest
from office import Office

# What the field Owner of the one addon and the field Token URL of the other are called in Odoo's languages.
WORDS = {
    "de_DE": ("Besitzer", "Token-URL"),
    "fr_FR": ("Propriétaire", "URL des jetons"),
    "pt_PT": ("Proprietário", "URL dos tokens"),
    "pt_BR": ("Proprietário", "URL dos tokens"),
}


@pytest.fixture(scope="module")
def office(lab, series, oauth_templates):
    office = Office(lab, series, oauth_templates[True])
    yield office
    office.drop()


@pytest.mark.parametrize("language", WORDS)
def test_fields(office, language):
    languages = office.search("res.lang", [("code", "=", language)], "id", context={"active_test": False})
    several = office.has("base.language.install", "lang_ids")
    chosen = {"lang_ids": [(6, 0, [languages[0]["id"]])]} if several else {"lang": language}
    office.call("base.language.install", "lang_install", office.create("base.language.install", overwrite=True, **chosen))
    fields = {"ir.mail_server": "user_id", "mail.oauth.client": "token_url"}
    labels = [
        office.call(model, "fields_get", [field], ["string"], context={"lang": language})[field]["string"]
        for model, field in fields.items()
    ]
    assert tuple(labels) == WORDS[language]
