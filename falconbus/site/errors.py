"""Why a form is not carried out."""

from collections.abc import Collection

from falconbus.platform.kit.errors import DomainError


class QuoteChanged(DomainError):
    """Cancelling would come to something else than the traveller was shown; `passengers` are those they chose."""

    code = "quote_changed"
    title = "What comes back has changed; look at the new amount first"

    def __init__(self, passengers: Collection[int]) -> None:
        super().__init__()
        self.passengers = passengers
