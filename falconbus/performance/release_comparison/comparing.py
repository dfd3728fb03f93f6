"""The comparison of two sides: slices of many endpoints in, verdicts out."""

from collections.abc import Mapping, Sequence

from falconbus.performance.release_comparison import policy
from falconbus.performance.release_comparison.bootstrap import Blocks
from falconbus.performance.release_comparison.policy import Difference, Measure
from falconbus.performance.release_comparison.results import Change, Direction, EndpointVerdict, Slice, Verdict

# A fixed seed: the same data gives the same verdict each time.
_SEED = 20_261_101
_ORDER = (Verdict.SLOWER, Verdict.QUICKER, Verdict.UNCHANGED, Verdict.TOO_LITTLE_DATA)

Endpoints = Mapping[str, Sequence[Slice]]


def compare(before: Endpoints, after: Endpoints, rows: tuple[int, int] = (60, 60)) -> list[EndpointVerdict]:
    """Return a verdict on each endpoint of either side, changed ones first; `rows` are slices' lengths in seconds."""
    old, new = (Blocks(side, row, _SEED + n) for n, (side, row) in enumerate(zip((before, after), rows, strict=True)))
    differences: dict[tuple[str, Measure], Difference] = {}
    for endpoint in sorted(set(before) & set(after)):
        was, now = old.estimates(before[endpoint]), new.estimates(after[endpoint])
        for measure in Measure:
            if measure in was and measure in now:
                differences[endpoint, measure] = Difference.of(measure, was[measure], now[measure])
    directions = policy.directions(list(differences.values()))
    changes = {
        key: difference.change(direction)
        for (key, difference), direction in zip(differences.items(), directions, strict=True)
    }
    verdicts = [_verdict(name, before, after, changes) for name in sorted(set(before) | set(after))]
    return sorted(verdicts, key=lambda each: (_ORDER.index(each.verdict), -_size(each), each.endpoint))


def _verdict(
    endpoint: str, before: Endpoints, after: Endpoints, changes: Mapping[tuple[str, Measure], Change]
) -> EndpointVerdict:
    nothing = Change(Direction.TOO_LITTLE_DATA)
    p50, p95, errors, queries = (changes.get((endpoint, measure), nothing) for measure in Measure)
    return EndpointVerdict(
        endpoint=endpoint,
        verdict=policy.verdict(p50.direction, p95.direction),
        requests_before=sum(each.count for each in before.get(endpoint, ())),
        requests_after=sum(each.count for each in after.get(endpoint, ())),
        p50=p50,
        p95=p95,
        errors=errors,
        queries=queries,
    )


def _size(each: EndpointVerdict) -> float:
    return max(abs(each.p50.change or 0.0), abs(each.p95.change or 0.0))
