"""What counts as a correction of a name, and what is another person."""

import pytest

from falconbus.bookings.policy import is_correction


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Thandi Khumalo", "Thabdi Khumalo"),
        ("Nosa Mokoena", "Losa Mokoena"),
        ("Bongani Dube", "Kongani Dube"),
        ("Ayanda Dlamini", "Zyanda Dlamini"),
        ("Khumalo Thandi", "Thandi Khumalo"),
        ("Khumalo Tandi", "Thandi Khumalo"),
        ("thandi khumalo", "Thandi KHUMALO"),
        ("ThandiKhumalo", "Thandi Khumalo"),
        ("Jo", "Joe"),
        ("José", "Jose"),
    ],
)
def test_a_few_letters_or_another_order_are_put_right(old: str, new: str) -> None:
    assert is_correction(old, new)
    assert is_correction(new, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Jo", "Al"),
        ("Anna Smith", "Sara Smith"),
        ("Thandi Khumalo", "Sipho Khumalo"),
        ("Thandi Khumalo", "Thandi Dube"),
        ("Thandi Khumalo", "Thandi Khumalo Dube"),
        ("Amahle Ndlovu", "Amxxle Ndxxvu"),
        ("A B", "C D"),
    ],
)
def test_another_person_is_none(old: str, new: str) -> None:
    assert not is_correction(old, new)
    assert not is_correction(new, old)
