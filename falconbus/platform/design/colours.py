"""Colours that can be read: contrast by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).

A colour is `#rrggbb`.
"""

WHITE = "#ffffff"
#: What text of normal size needs (WCAG 1.4.3, level AA).
READABLE = 4.5
_STEPS = 64


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours: 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def under_white(colour: str) -> str:
    """Return the colour, darkened until white text on it can be read."""
    return _towards(colour, "#000000", until=WHITE)


def readable_on(colour: str, ground: str) -> str:
    """Return the colour, lightened until it can be read on a dark ground."""
    return _towards(colour, WHITE, until=ground)


def _towards(colour: str, end: str, *, until: str) -> str:
    for step in range(_STEPS + 1):
        mixed = _mix(colour, end, step / _STEPS)
        if contrast(mixed, until) >= READABLE:
            return mixed
    return end


def _mix(colour: str, end: str, share: float) -> str:
    parts = zip(parts_of(colour), parts_of(end), strict=True)
    return "#" + "".join(f"{round(part + (aim - part) * share):02x}" for part, aim in parts)


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in parts_of(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def parts_of(colour: str) -> list[int]:
    """Return red, green and blue, 0 to 255."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
