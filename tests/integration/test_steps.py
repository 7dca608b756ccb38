"""How many steps a database takes that has nothing to do: each costs Ansible a process and some templating."""

import json

import pytest
from test_drift import Company

# It writes down what ran, and for which host.
COUNTER = """
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "notification", "counter"

    def note(self, outcome, result):
        with open(os.environ["STEPS"], "a") as file:
            file.write(json.dumps([outcome, result._task.get_name()]) + "\\n")

    def v2_runner_on_ok(self, result):
        self.note("ok", result)

    def v2_runner_on_skipped(self, result):
        self.note("skipped", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note("failed", result)
"""


@pytest.fixture
def company(lab, series, tmp_path):
    company = Company(lab, series, tmp_path)
    yield company
    company.database.drop()


def test_nothing_to_do_takes_ten_tasks_at_most(company, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "counter.py").write_text(COUNTER)
    assert company.play("site.yml").code == 0
    steps = tmp_path / "steps"
    settings = {"ANSIBLE_CALLBACK_PLUGINS": str(plugins), "ANSIBLE_CALLBACKS_ENABLED": "counter", "STEPS": str(steps)}
    done = company.play("site.yml", environment=settings)
    assert done.code == 0, done.output
    ran = [json.loads(line) for line in steps.read_text().splitlines()]
    assert all(outcome != "failed" for outcome, name in ran)
    executed = [name for outcome, name in ran if outcome == "ok"]
    skipped = [name for outcome, name in ran if outcome == "skipped"]
    # The two checks, the addons, three of the domain, three of the users.
    assert len(executed) == 9, executed
    assert len(skipped) <= 4, skipped
