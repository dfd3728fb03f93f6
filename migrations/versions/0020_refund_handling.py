"""Who saw to a refund, and why; kept answers without manage tokens.

What the release before writes while this runs may still bear a token: its answers are kept for two days. A token that is
taken out does not come back on the way down: the release before replays such an answer with an empty one.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = {
    "refused_key": "varchar(40)",
    "retried_at": "timestamptz",
    "handled_by_id": "integer",
    "note": "varchar(200)",
}
# In the bytes of an answer the quotes of a text that somebody gave are escaped: this is the field itself.
_CLEAN = """
    UPDATE idempotency_keys
    SET body = convert_to(
        regexp_replace(convert_from(body, 'UTF8'), '"manage_token":"[^"]*"', '"manage_token":""'), 'UTF8')
    WHERE status = 201 AND content_type = 'application/json' AND position('"manage_token":"fb'::bytea IN body) > 0
"""


def upgrade() -> None:
    columns = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in _COLUMNS.items())
    op.execute(f"ALTER TABLE refunds {columns}")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE refunds DROP CONSTRAINT IF EXISTS fk_refunds_handled_by_id")
    op.execute(
        "ALTER TABLE refunds ADD CONSTRAINT fk_refunds_handled_by_id"
        " FOREIGN KEY (handled_by_id) REFERENCES users (id) ON DELETE SET NULL NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE refunds VALIDATE CONSTRAINT fk_refunds_handled_by_id")
        op.execute(_CLEAN)


def downgrade() -> None:
    for name in _COLUMNS:
        op.execute(f"ALTER TABLE refunds DROP COLUMN IF EXISTS {name}")
