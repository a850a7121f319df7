from odoo.tests import tagged

from ..models.appointment_payment_booking_status import COLOURS, QUIET, Colour
from .common import PracticeCase


def luminance(colour):
    """The relative luminance of WCAG 2 for a hexadecimal colour."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@tagged("post_install", "-at_install")
class TestStatusColours(PracticeCase):
    def test_only_values_that_exist_have_a_colour(self):
        for name, colours in COLOURS.items():
            values = dict(self.env["appointment.payment.booking"]._fields[name].selection)
            self.assertLessEqual(set(colours), set(values), name)

    def test_every_colour_can_be_read_in_a_mail(self):
        used = {colour for colours in COLOURS.values() for colour in colours.values()}
        for colour in used | {QUIET}:
            self.assertGreaterEqual(contrast(colour.background, colour.text), 4.5, colour.name)

    def test_no_two_meanings_share_a_colour(self):
        used = {colour for colours in COLOURS.values() for colour in colours.values()} | {QUIET}
        for place in Colour._fields[:3]:
            self.assertEqual(len({getattr(colour, place) for colour in used}), len(used), place)

    def test_screens_pages_and_mails_follow_the_booking(self):
        booking = self._book()
        self.assertEqual((booking.state_color, booking.payment_color), (2, 1))
        self._pay(booking)
        self.assertEqual((booking.state_color, booking.payment_color), (10, 2))
        self.assertIn("bg-warning-subtle", booking._get_badge_class("payment_status"))
        self.assertIn("#fff3cd", booking._get_badge_style("payment_status"))
        self._pay(booking)
        self.assertEqual(booking.payment_color, 10)
        booking._set_no_show()
        self.assertEqual(booking.state_color, 0)
