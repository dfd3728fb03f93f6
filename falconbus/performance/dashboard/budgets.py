"""The app's endpoints with their query budgets."""

from flask import current_app

from falconbus.platform.web.declarations import operation_of


def budgets() -> dict[str, int | None]:
    """Return the budgets by method and route rule ("GET /api/v1/schedules"); None where a view declares none."""
    views = current_app.view_functions
    return {
        f"{method} {rule.rule}": declared.budget if (declared := operation_of(views[rule.endpoint])) else None
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
