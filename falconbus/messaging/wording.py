"""Words that every kind of mail prints the same way."""


def one_line(words: str) -> str:
    """Put words on one line: names from feeds may hold line breaks, a subject line or a ticket may not."""
    return " ".join(words.split())
