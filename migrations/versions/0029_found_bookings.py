"""Bookings are found by a name, a phone number, a payment; who buys at the counter needs no e-mail.

Both ways commit before they end, and can be run again wherever they were stopped.

Revision ID: 0029
Revises: 0028
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# What names are found by: their words without accents and capitals. Letters that Unicode takes for others of their own
# are written as they are typed without them; hyphens and points part words (to_tsvector takes some for hosts), apostrophes
# do not: O'Brien is found as obrien.
_NAME_WORDS = """
    CREATE OR REPLACE FUNCTION name_words(name text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple'::regconfig, lower(translate(
        regexp_replace(normalize(name, NFKD), '[\\u0300-\\u036f]', '', 'g'), 'øØłŁđĐıß-./''’', 'oOlLdDis   ')))
"""
_DIGITS = '"right"(regexp_replace(phone::text, \'[^0-9]\'::text, \'\'::text, \'g\'::text), 9)'
_INDEXES = {
    "ix_passengers_name_words": "passengers USING gin (name_words(name))",
    "ix_bookings_phone": f"bookings ({_DIGITS}) WHERE phone IS NOT NULL",
    "ix_payments_provider_reference": "payments (provider_reference) WHERE provider_reference IS NOT NULL",
}


def upgrade() -> None:
    op.execute("-- squawk-ignore ban-drop-not-null\nALTER TABLE bookings ALTER COLUMN email DROP NOT NULL")
    op.execute(_NAME_WORDS)
    with op.get_context().autocommit_block():
        for name, definition in _INDEXES.items():
            # One that was stopped while it was built is there, and is not valid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("DROP FUNCTION IF EXISTS name_words(text)")
    # The code before knows no bookings without an address; no mail arrives at one of RFC 2606.
    op.execute("UPDATE bookings SET email = 'nobody@nowhere.invalid' WHERE email IS NULL")
    op.execute("-- squawk-ignore adding-not-nullable-field\nALTER TABLE bookings ALTER COLUMN email SET NOT NULL")
