"""The audit log: who changed what, in the transaction that changes it."""

import msgspec
from flask import has_request_context

from falconbus import security
from falconbus.accounts.models import AuditEntry
from falconbus.caching import tags
from falconbus.caching.answers import changed
from falconbus.extensions import db
from falconbus.kit import clock, context


def record(action: str, subject: str, subject_id: object, **details: object) -> None:
    """Note a change of a row (`subject` is its table), which kept answers may tell of; outside a request by nobody."""
    if subject in tags.OF_TABLE:
        changed(tags.OF_TABLE[subject])
    db.session.add(
        AuditEntry(
            at=clock.now(),
            user_id=security.caller().user_id if has_request_context() else None,
            request_id=context.request_id.get(),
            action=action,
            subject=subject,
            subject_id=str(subject_id),
            details=msgspec.to_builtins(details),
        )
    )
