"""Advice for a page: with the migration to write, and the saving to expect."""

from typing import Any

from flask import current_app

from falconbus.performance.advisor import writing
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.advisor.read_model import AdviceOut
from falconbus.platform.database.revisions import code_heads

#: The least time that the clock can measure.
_LEAST_MS = 0.001


def advice_out(row: Any) -> AdviceOut:
    """Return a row of queries.advice() as AdviceOut."""
    factor = row.before_ms / max(row.after_ms, _LEAST_MS)
    predicted = None if row.mean_ms is None else row.mean_ms / max(factor, 1.0)
    saving = None if predicted is None else row.calls_per_hour * (row.mean_ms - predicted)
    heads = code_heads(current_app.config["MIGRATIONS"])
    values = {
        name: getattr(row, name)
        for name in AdviceOut.__struct_fields__
        if name not in {"state", "table", "migration", "factor", "predicted_ms", "saving_ms_per_hour"}
    }
    return AdviceOut(
        **values,
        state=AdviceState(row.state),
        table=row.table_name,
        migration=writing.migration(heads, row.table_name, row.keys, row.index_name, row.definition),
        factor=factor,
        predicted_ms=predicted,
        saving_ms_per_hour=saving,
    )
