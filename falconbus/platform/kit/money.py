"""Money: an integer of the currency's smallest unit inside, a decimal string outside."""

from functools import cache

from babel.numbers import format_currency, get_currency_precision

from config import currencies
from falconbus.platform.kit.errors import Invalid

#: In the smallest unit. More is a slip of the keyboard, and would take totals past 32 bits.
HIGHEST_PRICE = 10_000_000


class BadPrice(Invalid):
    code = "bad_price"
    title = "The price is no amount of money in this currency"


def is_currency(code: str) -> bool:
    """Tell whether a code such as ZAR is that of a currency that people pay in; XXX (none) and XAU (gold) are not."""
    return code in currencies()


@cache
def decimals(currency: str) -> int:
    """Return the digits after the point: 2 for ZAR, 0 for JPY (CLDR, by way of Babel)."""
    return get_currency_precision(currency)


def to_text(amount: int, currency: str) -> str:
    """Return an amount as a decimal string: `42000, "ZAR"` -> `"420.00"`."""
    places = decimals(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return sign + digits if places == 0 else f"{sign}{digits[:-places]}.{digits[-places:]}"


def from_text(text: str, currency: str) -> int:
    """Parse a decimal string: `"420.00", "ZAR"` -> `42000`; ValueError for anything else, or too many decimals."""
    whole, _, fraction = text.strip().partition(".")
    places = decimals(currency)
    if not whole.isascii() or not whole.isdigit() or len(whole) > 12 or (fraction and not fraction.isdigit()):
        raise ValueError(f"is not an amount of money such as {to_text(42000, currency)}")
    if len(fraction.rstrip("0")) > places:
        raise ValueError(f"has more decimals than {currency} has: {places}")
    return int(whole + fraction[:places].ljust(places, "0"))


def read_price(text: str, currency: str, pointer: str) -> int:
    """Return a price in the smallest unit; BadPrice for too many decimals, or more than anything costs."""
    try:
        amount = from_text(text, currency)
    except ValueError as fault:
        raise BadPrice(str(fault), pointer=pointer) from None
    if amount > HIGHEST_PRICE:
        raise BadPrice(f"at most {to_text(HIGHEST_PRICE, currency)} {currency}", pointer=pointer)
    return amount


def for_people(amount: int, currency: str, locale: str = "en_ZA") -> str:
    """Format an amount as people in the locale write it (CLDR): `R420,00` in South Africa."""
    return format_currency(amount / 10 ** decimals(currency), currency, locale=locale)


def percent(amount: int, share: int) -> int:
    """Return `share` percent of an amount, half rounded up, without floating point."""
    return (amount * share + 50) // 100
