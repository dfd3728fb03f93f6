"""An index as SQL, and as a migration."""

from collections.abc import Sequence

from falconbus.performance.advisor.analysis import Candidate
from falconbus.performance.vitals.sql_names import quote

_MIGRATION = '''"""Index of {table} by {words}.

Revision ID: {revision}
Revises: {head}
"""

from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None

# The model's __table_args__ need it too: {model}


def upgrade() -> None:
    # Writers go on meanwhile. A try that was cut short leaves an invalid index behind: it goes first.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '10min'")
        op.execute({drop})
        op.execute({create})
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute({drop})
'''


def definition(candidate: Candidate) -> str:
    """Return the statement that makes the index without blocking writers."""
    keys = ", ".join(str(key) for key in candidate.keys)
    table = candidate.table
    name = quote(table.name) if table.visible else f"{quote(table.schema)}.{quote(table.name)}"
    return f"CREATE INDEX CONCURRENTLY {quote(candidate.name)} ON {name} ({keys})"


def migration(heads: frozenset[str], table: str, keys: Sequence[str], index_name: str, create: str) -> str:
    """Return the source of a migration that makes the index, after the newest migration."""
    head = max(heads, default="0000")
    revision = f"{int(head) + 1:04}" if head.isdigit() else f"{head[:20]}_next"
    arguments = ", ".join(f'text("{key}")' if _is_expression(key) else f'"{key}"' for key in keys)
    schema = create.split(" ON ", 1)[1].split(" (", 1)[0].rpartition(".")[0]
    qualified = f"{schema}.{quote(index_name)}" if schema else quote(index_name)
    return _MIGRATION.format(
        table=table,
        words=" and ".join(keys).replace("\\", " "),
        revision=revision,
        head=head,
        model=f'Index("{index_name}", {arguments})',
        drop=_literal(f"DROP INDEX CONCURRENTLY IF EXISTS {qualified}"),
        create=_literal(create),
    )


def _literal(statement: str) -> str:
    """Return the statement as a Python string literal."""
    escaped = statement.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_expression(key: str) -> bool:
    return not key.replace("_", "").isalnum()
