"""Dispatch of charters: crew and bus, offers and answers, handing over, begin and end of the ride."""
