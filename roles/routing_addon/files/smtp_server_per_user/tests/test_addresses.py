from odoo.tests.common import TransactionCase, tagged

from ..tools.addresses import name_and_address, normalize, parts, with_name


@tagged("post_install", "-at_install")
class TestAddresses(TransactionCase):
    def test_one_form(self):
        for text in ("ann@own.example", " ANN@Own.Example ", '"Ann, the first" <Ann@own.example>', "<ann@OWN.example.>"):
            self.assertEqual(normalize(text), "ann@own.example", text)

    def test_other_scripts(self):
        self.assertEqual(normalize("Jürgen <jürgen@MÜLLER.example>"), "jürgen@xn--mller-kva.example")
        self.assertEqual(normalize("j@xn--mller-kva.example"), normalize("j@müller.example"))

    def test_nothing(self):
        for text in (None, False, "", "Ann", "@own.example", "ann@"):
            self.assertEqual(normalize(text), "", text)

    def test_first_of_several(self):
        self.assertEqual(normalize("a@own.example, b@own.example"), "a@own.example")

    def test_name(self):
        self.assertEqual(name_and_address('"Ann @ Home" <ann@own.example>'), ("Ann @ Home", "ann@own.example"))

    def test_forms_that_programs_read_in_different_ways(self):
        ann = ("Ann", "ann@own.example")
        for text, expected in (
            ('"Ann" <"A" <Ann@Own.EXAMPLE>>', ann),
            ("Ann <ann@own.example", ann),
            ("ann@own.example (Ann)", ann),
            ('"Ann" <ann@own.example (at work)>', ann),
            ("Ann ann @ own.example", ann),
            ("Ann@home <ann@own.example>", ("Ann@home", ann[1])),
            ("the first, Ann <ann@own.example>", ("the first, Ann", ann[1])),
            ('"x@other.example" <ann@own.example>', ("x@other.example", ann[1])),
            ('"a <x@other.example>" <ann@own.example>', ("a <x@other.example>", ann[1])),
            ('"ann"@own.example.', ("", ann[1])),
            ("\u00a0ann@own.example\u200b", ("", ann[1])),
            ("=?utf-8?q?J=C3=BCrgen?= <j@own.example>", ("Jürgen", "j@own.example")),
            ("=?x-none?q?a?= <ann@own.example>", ("=?x-none?q?a?=", ann[1])),
        ):
            self.assertEqual(name_and_address(text), expected, text)

    def test_long_texts_take_no_time(self):
        for piece in ('"', "<", "(", "a@b <", "@,", '\\"', '"\\'):
            name_and_address(piece * 50000)

    def test_no_header_by_a_name(self):
        self.assertNotIn("\n", with_name("Ann\r\nBcc: all@own.example", "ann@own.example"))

    def test_parts(self):
        self.assertEqual(
            parts(" Ann@Own.example,müller.example ,, @other.example"),
            (["ann@own.example"], ["xn--mller-kva.example", "other.example"]),
        )
        self.assertEqual(parts(False), ([], []))
