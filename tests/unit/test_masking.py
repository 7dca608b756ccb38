"""What a module answers has no secret in it, whichever process it runs in."""

import pytest
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import MASK, invocation, occurring
from ansible_collections.postroom.odoo.plugins.module_utils.transport.http import without_login
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import Answered, InProcess

SPEC = {
    "login": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "config": {
        "type": "list",
        "elements": "dict",
        "options": {
            "login": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "smtp": {"type": "dict", "options": {"key": {"type": "str", "no_log": True}, "port": {"type": "int"}}},
        },
    },
}


def in_process(args, check_mode=False, told=None, verbose=True):
    return InProcess("ours", args, check_mode, True, told, verbose, SPEC, supports_check_mode=True)


def answer(function, *args, **kwargs):
    with pytest.raises(Answered) as answered:
        function(*args, **kwargs)
    return answered.value.answer


def test_secrets_that_occur():
    secrets = {"s3cret", "s3cret-longer", "abc", "1234", "nowhere", "8025"}
    found = occurring(secrets, {"msg": "it is s3cret-longer", "rows": [("x1234y", 8025, True, None)]})
    assert found == {"s3cret", "s3cret-longer", "abc", "1234", "8025"}  # "abc" is too short to be looked for.


def test_a_login_that_is_the_password_too_is_no_secret():
    module = in_process({"login": "admin", "password": "admin", "config": []})
    told = answer(module.exit_json, gathered=[{"login": "admin", "name": "Administrator"}])
    assert told["gathered"] == [{"login": "admin", "name": "Administrator"}]
    assert told["invocation"]["module_args"]["password"] == MASK


def test_masked_as_ansible_masks():
    secrets = {f"p4ss-{number}" for number in range(50)} | {"x", "5"}
    told = {"msg": "refused p4ss-7 and p4ss-41", "port": 25, "deep": [{"a": "p4ss-3"}, "fine", 4]}
    assert remove_values(told, occurring(secrets, told)) == remove_values(told, secrets)


def test_options_are_given_back_without_secrets():
    params = {"password": "a", "config": [{"login": "b", "password": "c", "smtp": {"key": "d", "port": 25}}, {"login": "e"}]}
    shown = {"password": MASK, "config": [{"login": "b", "password": MASK, "smtp": {"key": MASK, "port": 25}}, {"login": "e"}]}
    assert invocation(SPEC, params) == {"module_args": shown}
    assert invocation(SPEC, {"password": None, "config": None}) == {"module_args": {"password": None, "config": None}}


def test_a_module_in_process_answers_once_and_masked():
    module = in_process({"password": "s3cret", "config": [{"login": "me", "smtp": {"port": "25"}}]})
    assert module.params["config"] == [{"login": "me", "password": None, "smtp": {"key": None, "port": 25}}]
    module.warn("mind s3cret")
    told = answer(module.exit_json, changed=True, note="s3cret is it")
    assert (told["changed"], told["note"], told["warnings"]) == (True, "******** is it", ["mind ********"])
    assert "s3cret" not in str(told)
    assert told["invocation"]["module_args"]["password"] == MASK
    assert "invocation" not in answer(in_process({"config": []}, verbose=False).exit_json)
    assert answer(module.fail_json, msg="no s3cret")["failed"]


def test_bad_options_are_refused_before_anything():
    assert "login" in answer(in_process, {"config": [{"password": "x"}]})["msg"]
    assert answer(in_process, {"confg": []})["msg"].startswith("Unsupported parameters for (ours) module: confg.")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://odoo.x.example:8069/web", "https://odoo.x.example:8069/web"),
        ("https://admin:s3cret@odoo.x.example", "https://***@odoo.x.example"),
        ("admin:s3cret@odoo.x.example:8069", "***@odoo.x.example:8069"),
        ("https:/admin:s3cret@h", "https:/***@h"),
        ("https:\\\\admin:s3cret@h", "https:\\\\***@h"),
        ("https//admin:s3cret@h", "***@h"),
        ("https://admin:s3cret@s3cret@h", "https://***@h"),
        ("https://admin:a\ns3cret@h", "https://***@h"),
        ("https://h/?password=s3cret", "https://h/?***"),
        ("https://h/#s3cret", "https://h/#***"),
        ("https://h/&password=s3cret", "https://h/&***"),
        ("https://h/?login=a@x.example&password=s3cret", "https://***"),
        ("https://admin:s3cret?#s3cret@h", "https://***"),
        ("", ""),
    ],
)
def test_what_is_shown_of_an_address(url, shown):
    """Whatever is wrong with it. What has both an @ and a query may have either in the other."""
    assert without_login(url) == shown
    assert invocation({}, {"url": url}) == {"module_args": {"url": shown}}
