"""The verdicts of kept comparisons are codes: `too_little_data`.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SENTENCE, _CODE = '"too little data"', '"too_little_data"'


def upgrade() -> None:
    _rewrite(_SENTENCE, _CODE)


def downgrade() -> None:
    _rewrite(_CODE, _SENTENCE)


def _rewrite(old: str, new: str) -> None:
    op.execute(f"""
        UPDATE performance_comparisons
        SET verdicts = replace(verdicts::text, '{old}', '{new}')::jsonb,
            result = replace(result::text, '{old}', '{new}')::jsonb
        WHERE strpos(verdicts::text || coalesce(result::text, ''), '{old}') > 0
    """)
