"""Odoo's web client, used as somebody with a browser does.

Its pages differ from series to series: where a locator names two things, each series has one of them.
"""

import contextlib
import os
import re

import table
from browser import watched
from office import ROOT
from playwright.sync_api import TimeoutError as BrowserTimeout
from playwright.sync_api import expect

# Debian's package of 19 comes without this library, and the client says so.
KNOWN_ERRORS = ["mail/static/lib/selfie_segmentation/selfie_segmentation.js"]
SAVING = re.compile(r"/call_kw/[\w.]+/(write|web_save)$")
# Milliseconds; a busy machine may need them.
expect.set_options(timeout=30_000)


def keep_picture(place, series, name):
    """As docs show it (POSTROOM_WRITE_DOCS=1). Whether it still looks so is for eyes: other fonts make another picture."""
    if series not in table.SERIES:
        return
    picture = ROOT / "docs" / "pictures" / f"{name}-{series}.png"
    if os.environ.get("POSTROOM_WRITE_DOCS"):
        place.screenshot(path=picture, animations="disabled")
    assert picture.stat().st_size < 150_000


class Person:
    """Somebody who is logged in."""

    def __init__(self, browser, office, login, password):
        self.office = office
        self.context = browser.new_context(base_url=office.server["url"], viewport={"width": 1200, "height": 900})
        page = self.context.new_page()
        page.goto(f"/web/login?db={office.name}")
        page.locator("input[name=login]").fill(login)
        page.locator("input[name=password]").fill(password)
        page.locator("button[type=submit]").click()
        page.locator(".o_main_navbar").wait_for()
        page.close()

    def close(self):
        self.context.close()

    @contextlib.contextmanager
    def client(self):
        """A tab with the web client, for one errand. It ends without a dialog of Odoo's that nobody has closed."""
        with watched(self.context.new_page(), KNOWN_ERRORS) as page:
            client = Client(self.office, page)
            yield client
            expect(client.dialog).to_have_count(0)


class Client:
    def __init__(self, office, page):
        self.office, self.page = office, page
        self.rows = page.locator(".o_data_row")
        self.list = page.locator(".o_list_table, .o_list_view table").first
        self.form = page.locator(".o_form_sheet")
        self.dialog = page.locator(".modal")
        self.save_button = page.locator(".o_form_button_save")
        # 19 has the own preferences on a page, the others in a dialog.
        self.preferences = page.locator(".modal .o_form_view, .o_form_view").last

    # -- where to go --

    def open_apps(self):
        """The first level of menus, in developer mode: without it, no menu leads to the servers."""
        self.page.goto("/web?debug=1")
        self.page.locator(".o_menu_apps > li > a, .o_navbar_apps_menu button").click()
        return self.page.locator(".o_app")

    def open_by_menu(self, title):
        self.open_apps().filter(has_text="Settings").click()
        # What is opened closes the menus when it comes.
        self.page.locator(".settings_tab").wait_for()
        self.page.locator("header").get_by_text("Technical", exact=True).click()
        self.page.get_by_role("menuitem", name=title, exact=True).click()

    def open_list(self, model):
        (action,) = self.office.search("ir.actions.act_window", [("res_model", "=", model)], "id")
        self.page.goto(f"/web?debug=0#action={action['id']}")

    def open_form(self, model, name):
        """The form of a record, to be changed."""
        self.open_list(model)
        self.rows.get_by_text(name, exact=True).first.click()
        self.edit()

    def open_record(self, model, record):
        self.page.goto(f"/web?debug=0#id={record}&model={model}&view_type=form")
        self.form.wait_for()

    def open_users(self):
        """The list of users as its menu opens it: a link to a user opens another form."""
        domain = [("module", "=", "base"), ("name", "=", "action_res_users")]
        (action,) = self.office.search("ir.model.data", domain, "res_id")
        self.page.goto(f"/web?debug=0#action={action['res_id']}")
        self.rows.first.wait_for()

    def open_mail_servers(self, user):
        """What a user's form shows of them."""
        self.open_users()
        self.rows.get_by_text(user, exact=True).first.click()
        self.tab("Mail Servers")

    def open_preferences(self):
        self.page.goto("/web?debug=0")
        self.page.locator(".o_user_menu > a, .o_user_menu > button, button.o_user_menu").first.click()
        self.page.locator("[data-menu=settings], [data-menu=preferences]").click()
        self.preferences.wait_for()

    def tab(self, title, within=None):
        (within or self.form).get_by_role("tab", name=title, exact=True).click()

    def act(self, title):
        """What the menu of actions has of a record."""
        self.page.locator(".o_cp_action_menus button").filter(has=self.page.locator(".fa-cog")).or_(
            self.page.locator(".o_cp_action_menus button").get_by_text("Action", exact=True)
        ).first.click()
        self.page.get_by_role("menuitem", name=title, exact=True).or_(
            self.page.locator(".o_cp_action_menus .o_menu_item").get_by_text(title, exact=True)
        ).first.click()

    # -- lists --

    def column(self, title):
        """Its cells, by what stands above them."""
        heads = self.page.locator("th")
        position = [head.strip() for head in heads.all_inner_texts()].index(title)
        return self.rows.locator(f"td:nth-child({position + 1})")

    def search(self, field, text):
        self.page.locator(".o_searchview_input").press_sequentially(text)
        self.page.locator(".o_searchview_autocomplete").get_by_text(f"Search {field} for: {text}").click()

    def filter(self, title):
        self.page.locator(".o_filter_menu > button, .o_searchview_dropdown_toggler").click()
        self.page.locator(".o_filter_menu").get_by_text(title, exact=True).click()

    # -- forms --

    def edit(self):
        """14 shows a form for reading first."""
        self.page.locator(".o_form_readonly, .o_form_editable").wait_for()
        if self.page.locator(".o_form_readonly").count():
            self.page.locator(".o_form_button_edit").click()
        self.page.locator(".o_form_editable").wait_for()

    def field(self, name):
        return self.form.locator(f".o_field_widget[name={name}]")

    def input(self, name):
        """What takes the keys: some widgets have it in them, some are it."""
        field = self.field(name)
        return field.locator("input").or_(field.and_(self.page.locator("input")))

    def choose(self, name, text):
        """Another record, in a field that refers to one."""
        options = self.page.locator(".ui-autocomplete li, .o-autocomplete--dropdown-item")
        option = options.get_by_text(text, exact=True)
        # A form that was saved just now is drawn anew, and what was typed meanwhile is gone.
        for _ in range(5):
            self.input(name).fill(text)
            with contextlib.suppress(BrowserTimeout):
                option.wait_for(timeout=5000)
                break
            self.input(name).fill("")
        option.click()

    def switch(self, name):
        """By the keyboard: 14 draws a box of its own over the one to be clicked."""
        self.input(name).press("Space")

    def save(self):
        with self.page.expect_response(SAVING):
            self.save_button.click()
        self.page.locator(".o_form_readonly, .o_form_saved").wait_for()

    def close_dialog(self):
        self.dialog.locator("footer .btn-primary").click()
