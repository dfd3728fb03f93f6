"""The audit log: who changed what, in the transaction that changes it."""

import msgspec
from flask import has_request_context

from falconbus.accounts.models import AuditEntry
from falconbus.platform.caching import table_tags
from falconbus.platform.caching.response_cache import changed
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock, context
from falconbus.platform.web import identity


def record(action: str, subject: str, subject_id: object, **details: object) -> None:
    """Add an audit entry for a change of a row, and drop the kept answers that show it.

    `subject` is the row's table. Outside a request the entry has no user.
    """
    tag = table_tags.find_tag(subject)
    if tag is not None:
        changed(tag)
    db.session.add(
        AuditEntry(
            at=clock.now(),
            user_id=identity.caller().user_id if has_request_context() else None,
            request_id=context.request_id.get(),
            action=action,
            subject=subject,
            subject_id=str(subject_id),
            details=msgspec.to_builtins(details),
        )
    )
