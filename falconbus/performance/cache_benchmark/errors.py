"""Errors that stop a benchmark; each message is the one line that is printed."""


class CannotBenchmark(Exception):
    """The benchmark cannot run: nothing to request, no answer, or a rate limit."""


class NoDepartures(CannotBenchmark):
    def __init__(self) -> None:
        super().__init__(
            "the database has no departures to search for: import a feed with `./falcon gtfs import`, "
            "or run `./falcon up`, which loads a demo network"
        )


class Unreachable(CannotBenchmark):
    def __init__(self, url: str, fault: BaseException) -> None:
        super().__init__(f"{url} does not answer ({type(fault).__name__}): is it running, and is the address right?")


class Limited(CannotBenchmark):
    def __init__(self, url: str, seconds: str | None) -> None:
        wait = f"wait {seconds} s" if seconds else "wait"
        super().__init__(
            f"{url} answers 429, its limits stop the trial: {wait}, take fewer --rounds, "
            "leave out --url (its own web has no limits), or set RATELIMIT_ENABLED=false there"
        )
