"""What YAML reads otherwise than a person meant it is refused, at every level, and never shown."""

import pytest
import yaml

from ansible_collections.postroom.odoo.plugins.plugin_utils.given import cut, evaluated_secrets, run_together, wrong_kinds

try:
    from ansible.template import trust_as_template as trusted
except ImportError:
    trusted = str

SPEC = {
    "text": {"type": "str"},
    "number": {"type": "int"},
    "switch": {"type": "bool"},
    "any": {"type": "raw"},
    "free": {"type": "dict"},
    "preset": {"type": "bool", "default": True},
    "needed": {"type": "list", "elements": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
    "secrets": {"type": "dict", "no_log": True},
    "server": {"type": "dict", "options": {"host": {"type": "str"}, "port": {"type": "int"}}},
    "items": {"type": "list", "elements": "dict", "options": {"login": {"type": "str"}, "password": {"type": "str"}}},
    "people": {"type": "list", "elements": "dict", "options": {"email": {"required": True}, "name": {"required": True}}},
}


def wrong(text):
    return list(wrong_kinds(SPEC, yaml.safe_load(text)))


@pytest.mark.parametrize(
    ("unquoted", "read_as"),
    [
        ("yes", "true or false"),
        ("off", "true or false"),
        ("0123", "a number"),
        ("12:30", "a number"),
        ("1.10", "a number"),
        (".5", "a number"),
        ("1e3.0", None),
        ("2026-11-25", "a date"),
        ("[a]", "a list"),
        ("{a: b}", "a dictionary"),
        ("plain", None),
    ],
)
@pytest.mark.parametrize(
    ("place", "given"),
    [
        ("text", "text: %s"),
        ("names[1]", "names: [a, %s]"),
        ("secrets[a@b.example]", "secrets: {a@b.example: %s}"),
        ("server.host", "server: {host: %s}"),
        ("items[1] (x).password", "items: [{login: y}, {login: x, password: %s}]"),
    ],
)
def test_text_is_text_only(place, given, unquoted, read_as):
    found = wrong(given % unquoted)
    if read_as is None:
        assert found == []
        return
    (line,) = found
    assert line.startswith(f"{place}: must be text")
    assert read_as in line
    assert "quotes" in line
    assert unquoted not in line.partition(":")[2].replace("without", "")
    assert wrong(given % f'"{unquoted}"') == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("preset:", "preset: is empty; set a value, or remove it"),
        ("needed:", "needed: is empty; set a value, or remove it"),
        # Its options are not indented, and belong to nobody.
        ("server:\nhost: x", "server: is empty; indent its options below it, or write {} for none"),
        ("server: on", "server: must be a dictionary of options"),
        ("server: .5", "not a number"),
        ("server: [a]", "not a list"),
        ("items: {login: x}", "items: must be a list"),
        ("items: [x]", "items[0]: must be a dictionary"),
        ("items: [null]", "items[0]: is empty"),
        ("number: yes", "number: must be a number, not true or false"),
        ("number: 1.5", "number: must be a whole number, not a fraction"),
        ("number: many", "number: must be a whole number, not text"),
        ("number: .inf", "number: is infinite, too large or no number"),
        ("number: .nan", "number: is infinite, too large or no number"),
        ("number: 1e400", "number: is infinite, too large or no number"),
        (f"number: 1{400 * '0'}", "number: is too large"),
        ("number: 2026-11-25", "number: must be a whole number, not a date"),
        ("switch: [a]", "switch: must be true or false"),
        ('text: "a\\ud800"', "half of a character"),
        ('text: "a\\0b"', "text: has a NUL character"),
        ('names: [a, "b\\0"]', "names[1]: has a NUL character"),
        ('secrets: {a: "b\\0"}', "secrets[a]: has a NUL character"),
        ('any: "a\\0"', "any: has a NUL character"),
        ('any: "A\\udc80 <a@x.example>"', "any: has half of a character"),
        ('any: {expression: "\\udc80"}', "any.expression: has half of a character"),
        ('any: {"a\\0": b}', "any: key a: has a NUL character"),
        ('any: [[a, "b\\0"]]', "any[0][1]: has a NUL character"),
        ('free: {a: "b\\0"}', "free.a: has a NUL character"),
        ("secrets: {1: a}", "secrets: key 1: must be text"),
        ("people: [{email: a, name: A}, {name: Ann}]", "people[1] (Ann): email is missing"),
        ("people: [{email: a, name: }]", "people[0] (a): name is missing"),
    ],
)
def test_other_kinds(given, words):
    (line,) = wrong(given)
    assert words in line


@pytest.mark.parametrize(
    "given",
    [
        "number: '587'",
        "number: 587.0",
        "any: {a: [1, null, 2026-11-25, true], 2: b}",
        "switch: 'yes'",
        "names: a,b",
        "secrets: {a: }",
        "server: {}",
        "items: [{login: }]",
        "switch:",
        "text: ''",
    ],
)
def test_what_is_accepted(given):
    assert wrong(given) == []


def test_a_long_value_is_cut():
    assert len(cut("x" * 100_000)) < 250
    assert cut("two\nlines") == "two\\nlines"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("server: {hosst: x}", "server: hosst is not an option; did you mean host?"),
        # Ansible blots the letters of this password out of its own message.
        ("items: [{login: y}, {login: x, pasword: o}]", "items[1] (x): pasword is not an option; did you mean password?"),
        ("server: {zzz: x}", "server: zzz is not an option; the options are host, port"),
        ("server: {yes: x}", "server: True is not an option; the options are host, port"),
    ],
)
def test_names_that_are_not_options(given, line):
    assert wrong(given) == [line]


@pytest.mark.parametrize("between", [":", "=", " :", " ", ";", ".", ":'", '"'])
@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("server: {host%ss3cret}", "server: host must be followed by a colon and a blank, as in host: value"),
        ("server: {hosst%ss3cret}", "server: hosst is not an option; did you mean host?"),
        ("server: {zzz%ss3cret}", "server: an entry without a value is not an option; the options are host, port."),
        ("items: [{login: x, password%ss3cret}]", "items[0] (x): password must be followed by a colon"),
    ],
)
def test_a_secret_in_a_key_is_not_shown(given, between, line):
    """Without a blank after the colon, or with something else in its place, YAML has all of it in the key."""
    with_value = {"server": {f"host{between}s3cret": "x"}}
    if not between.endswith(("'", '"')):
        (found,) = wrong(given % between)
        assert found.startswith(line)
        assert "s3cret" not in found
    (found,) = wrong_kinds(SPEC, with_value)
    assert "s3cret" not in found
    (found,) = run_together({f"password{between}s3cret": None, "url": "x"})
    assert found == "password must be followed by a colon and a blank, as in password: value"


@pytest.mark.parametrize("rest", ["s3cret", "+s3cret", "83", "tr:s3cret", "'s3c,'"])
def test_the_rest_of_a_secret_with_a_comma_is_not_shown(rest):
    """YAML ends a value there: password: abc,s3cret."""
    (found,) = wrong(f"items: [{{login: x, password: abc,{rest}}}]")
    assert found.startswith("items[0] (x): an entry without a value is not an option; the options are login, password.")
    assert "put it in quotes" in found
    assert rest not in found


def test_keys_that_are_names():
    assert list(run_together({"url": 1, "api_key": None, "max-connections": 2})) == []


SECRETS = {
    "pw": {"type": "str", "no_log": True},
    "text": {"type": "str"},
    "passwords": {"type": "dict", "no_log": True},
    "accounts": {
        "type": "list",
        "elements": "dict",
        "options": {"email": {}, "pw": {"no_log": True}, "smtp": {"type": "dict", "options": {"pw": {"no_log": True}}}},
    },
}


def as_in_a_file(value):
    """As Ansible has what it reads from an inventory: text that it evaluates."""
    if isinstance(value, dict):
        return {key: as_in_a_file(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_in_a_file(each) for each in value]
    return trusted(value) if isinstance(value, str) else value


def evaluated(text):
    return list(evaluated_secrets(SECRETS, as_in_a_file(yaml.safe_load(text))))


VAULT = """
vault_pw: "x{{ 1+1 }}y"
vault_passwords: {a@x.example: "abc{#def#}ghi", b@x.example: plain, c: "x{% raw %}y"}
vault_pointer: "{{ vault_pw }}"
vault_all: {mail: "{{ vault_passwords }}", list: ["a{{ b }}", c], host: {myhost: "p{{ q }}"}}
vault_people: [{email: "{{ x }}@{{ y }}", pw: "x{{ 1 }}"}]
inventory_hostname: myhost
"""


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ("pw: 'x{{ 1+1 }}'", ["pw "]),
        ("pw: '{{ vault_pw }}'", ["pw vault_pw"]),
        ("pw: '{{vault_pw|default(omit)}}'", ["pw vault_pw"]),
        ("pw: '{{ vault_pw | default({}) | trim }}'", ["pw vault_pw"]),
        ("pw: '{{ vault_pointer }}'", ["pw vault_pw"]),
        ("""pw: "{{ vault_passwords['a@x.example'] }}" """, ["pw vault_passwords"]),
        ("pw: '{{ vault_passwords.c }}'", ["pw vault_passwords"]),
        ("""pw: '{{ vault_all["mail"]["a@x.example"] }}'""", ["pw vault_all"]),
        ("pw: '{{ vault_all.list[0] }}'", ["pw vault_all"]),
        ("pw: '{{ vault_all.host[inventory_hostname] }}'", ["pw vault_all"]),
        ("passwords: '{{ vault_passwords }}'", ["passwords[a@x.example] vault_passwords", "passwords[c] vault_passwords"]),
        (
            "passwords: {a: '{{ vault_pw }}', b: '{{ vault_passwords.c }}'}",
            ["passwords[a] vault_pw", "passwords[b] vault_passwords"],
        ),
        (
            "accounts: [{pw: '{{ vault_pw }}', smtp: {pw: '{{ vault_pw }}'}}]",
            ["accounts[0].pw vault_pw", "accounts[0].smtp.pw vault_pw"],
        ),
        ("accounts: '{{ vault_people }}'", ["accounts[0].pw vault_people"]),
    ],
)
def test_a_secret_that_ansible_has_changed(given, places):
    """Wherever it is; the warning says where."""
    found = evaluated(VAULT + given)
    assert [line.partition(": ")[0] + " " + line.partition("'text'")[2].replace(" in ", "", 1) for line in found] == places
    assert not any(part in line for line in found for part in ("1+1", "{#", "raw"))


@pytest.mark.parametrize(
    "given",
    [
        'pw: \'{{ lookup("file", "/a") }}\'',
        "pw: '{{ vault_passwords[\"b@x.example\"] }}'",
        "pw: '{{ undefined }}'",
        "pw: '{{ vault_passwords.no.such[3] }}'",
        "pw: '{{ vault_all.list[7] }}'",
        "text: '{{ vault_pw }}'",
        "accounts: [{email: '{{ vault_pw }}'}]",
        "{pw: '{{ legit }}', legit: '{{ lookup(\"pipe\", \"a\" ~ b) }}'}",
        "{pw: '{{ lookup(\"file\", path) }}', path: '{{ dir }}/a'}",
        "{pw: '{{ a }}', a: '{{ b }}', b: '{{ a }}'}",
        "{pw: '{{ a[a] }}', a: {x: '{{ a.x }}'}}",
        "{passwords: '{{ a }}', a: {x: '{{ a }}', y: '{{ a.x }}', z: '{{ a.z }}'}}",
        "{passwords: {x: '{{ passwords }}', y: '{{ passwords.x }}'}}",
    ],
)
def test_a_secret_that_is_an_expression(given):
    """Also one that leads nowhere, or round."""
    before = "" if given.startswith("{") else VAULT
    assert evaluated(before + given) == []


def test_a_secret_that_is_not_evaluated():
    """Marked !unsafe, or encrypted by itself, which Ansible never evaluates."""
    raw = {"pw": trusted("{{ vault_pw }}"), "vault_pw": type("Unsafe", (str,), {"__UNSAFE__": True})("x{{ 1 }}")}
    assert list(evaluated_secrets(SECRETS, raw)) == []
