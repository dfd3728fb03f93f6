"""The SQL that adds a minute to the rollups: each statement takes all its rows at once."""

from sqlalchemy import text

# Keys are arrays of different lengths, which PostgreSQL has no array of: they come as JSON.
FIND_SERIES = text("""
    SELECT s.id, s.key
    FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted(names)
    JOIN telemetry_series s ON s.key = ARRAY(SELECT jsonb_array_elements_text(wanted.names))
""")
ADD_SERIES = text("""
    INSERT INTO telemetry_series (kind, key)
    SELECT wanted.names->>0, ARRAY(SELECT jsonb_array_elements_text(wanted.names))
    FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted(names)
    RETURNING id, key
""")

SEE_RELEASES = text("""
    UPDATE telemetry_releases SET first_seen = least(first_seen, :at), last_seen = greatest(last_seen, :at)
    WHERE name = ANY(:names)
    RETURNING id, name
""")
ADD_RELEASES = text("""
    INSERT INTO telemetry_releases (name, first_seen, last_seen)
    SELECT name, :at, :at FROM unnest(CAST(:names AS text[])) AS name
    RETURNING id, name
""")

LOCK_ROWS = text("""
    SELECT r.resolution, r.kind, r.start, r.series_id, r.release_id,
           r.count AS number, r.total_us, r.buckets, r.counters
    FROM unnest(CAST(:resolutions AS integer[]), CAST(:kinds AS text[]), CAST(:starts AS timestamptz[]),
                CAST(:series AS integer[]), CAST(:releases AS integer[]))
         AS wanted(resolution, kind, start, series_id, release_id)
    JOIN telemetry_rollups r USING (resolution, kind, start, series_id, release_id)
    ORDER BY r.resolution, r.kind, r.start, r.series_id, r.release_id
    FOR UPDATE OF r
""")
PUT_ROWS = text("""
    INSERT INTO telemetry_rollups
        (resolution, kind, start, series_id, release_id, count, total_us, buckets, p95_bucket, counters)
    SELECT * FROM unnest(
        CAST(:resolutions AS integer[]), CAST(:kinds AS text[]), CAST(:starts AS timestamptz[]),
        CAST(:series AS integer[]), CAST(:releases AS integer[]),
        CAST(:counts AS bigint[]), CAST(:totals AS bigint[]), CAST(:buckets AS bytea[]),
        CAST(:p95s AS smallint[]), CAST(:counters AS jsonb[]))
    ON CONFLICT (resolution, kind, start, series_id, release_id) DO UPDATE
        SET count = EXCLUDED.count, total_us = EXCLUDED.total_us,
            buckets = EXCLUDED.buckets, p95_bucket = EXCLUDED.p95_bucket, counters = EXCLUDED.counters
""")

KEEP_STATEMENTS = text("""
    INSERT INTO telemetry_statements AS t (fingerprint, text, types, chain, first_seen)
    SELECT fingerprint, text, types, chain, :at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS seen(fingerprint text, text text, types text[], chain text[])
    ORDER BY fingerprint
    ON CONFLICT (fingerprint) DO UPDATE
        SET text = EXCLUDED.text, types = EXCLUDED.types, chain = EXCLUDED.chain
        WHERE (t.text, t.types, t.chain) IS DISTINCT FROM (EXCLUDED.text, EXCLUDED.types, EXCLUDED.chain)
""")

ADD_SAMPLES = text("""
    INSERT INTO telemetry_samples (series_id, at, took_us, status, request_id, release_id, steps)
    VALUES (:series_id, :at, :took_us, :status, :request_id, :release_id, CAST(:steps AS jsonb))
""")
KEEP_WORTHY = text("""
    DELETE FROM telemetry_samples WHERE id IN (
        SELECT id FROM (
            SELECT p.id, row_number() OVER (
                PARTITION BY series_id, CAST(at AT TIME ZONE 'UTC' AS date)
                ORDER BY CASE WHEN s.kind = 'fault' THEN at END DESC NULLS LAST, took_us DESC, p.id) AS place
            FROM telemetry_samples p JOIN telemetry_series s ON s.id = p.series_id
            WHERE series_id = ANY(:series)) AS ranked
        WHERE place > :kept)
""")
