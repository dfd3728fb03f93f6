"""Stops: a description; what search looks for is folded by the code, in any script, no more by the database.

Found stops stay found: the values stay until `release` folds them anew. The release before reads them as they are; a
stop that it makes meanwhile is found from the next `release` on.

Revision ID: 0028
Revises: 0027
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_PLAIN = "regexp_replace(normalize({}, NFKD), '[\\u0300-\\u036f]', '', 'g')"


def upgrade() -> None:
    op.execute("ALTER TABLE stops ADD COLUMN description varchar(300) NOT NULL DEFAULT ''")
    for column in ("city_key", "search_document"):
        drop = f"ALTER TABLE stops ALTER COLUMN {column} DROP EXPRESSION IF EXISTS"
        op.execute(f"-- squawk-ignore ban-drop-generated-expression\n{drop}")
        op.execute(f"ALTER TABLE stops ALTER COLUMN {column} SET DEFAULT ''")


def downgrade() -> None:
    op.execute("ALTER TABLE stops DROP COLUMN city_key, DROP COLUMN search_document, DROP COLUMN description")
    op.execute(
        f"ALTER TABLE stops ADD COLUMN city_key text NOT NULL"
        f" GENERATED ALWAYS AS (lower({_PLAIN.format('city')})) STORED"
    )
    document = _PLAIN.format("code || ' ' || name || ' ' || city")
    op.execute(
        f"ALTER TABLE stops ADD COLUMN search_document tsvector NOT NULL"
        f" GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, {document})) STORED"
    )
    op.execute("CREATE INDEX ix_stops_city_key ON stops (city_key)")
    op.execute("CREATE INDEX ix_stops_search_document ON stops USING gin (search_document)")
