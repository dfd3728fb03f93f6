"""The statements of the floor's hold."""

REPLAY = """
    SELECT pg_try_advisory_xact_lock(%s), request_hash, status, body
    FROM (SELECT) one LEFT JOIN idempotency_keys ON caller = %s AND key = %s
"""
SEGMENT = """
    SELECT r.name, b.number, r.currency, os.id, os.code, os.name, os.time_zone, ds.id, ds.code, ds.name, ds.time_zone,
        o.position, d.position, s.departure_time + make_interval(mins => t.departures[o.position + 1]),
        s.departure_time + make_interval(mins => t.arrivals[d.position + 1]),
        coalesce(f.price, round(r.base_price * (d.distance_m - o.distance_m)::numeric / r.distance_m)::integer),
        f.price IS NOT NULL, seat_map.seats,
        (SELECT json_agg(json_build_array(id, code, price_percent, name, refundable, conditions)) FROM fare_classes)
    FROM schedules s
    JOIN routes r ON r.id = s.route_id
    JOIN timetables t ON t.id = s.timetable_id
    JOIN buses b ON b.id = s.bus_id
    JOIN stops os ON os.code = %(origin)s
    JOIN stops ds ON ds.code = %(destination)s
    JOIN route_stops o ON o.route_id = s.route_id AND o.stop_id = os.id
    JOIN route_stops d ON d.route_id = s.route_id AND d.stop_id = ds.id AND d.position > o.position
    LEFT JOIN segment_fares f ON f.route_id = r.id AND f.origin_position = o.position
        AND f.destination_position = d.position
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(seat.row, seat."column", seat.number, seat.fare_class_id)
            ORDER BY seat.row, seat."column") AS seats
        FROM seats seat
        WHERE seat.layout_id = b.layout_id AND seat.number NOT IN (
            SELECT c.seat_number FROM seat_claims c
            WHERE c.schedule_id = s.id AND c.leg >= o.position AND c.leg < d.position
                AND (c.held_until IS NULL OR c.held_until > %(now)s))
    ) seat_map
    WHERE s.id = %(schedule)s AND s.active AND r.active
        AND s.departure_time + make_interval(mins => t.departures[o.position + 1]) > %(now)s
"""
BOOKING = """
    INSERT INTO bookings (reference, status, email, phone, total, currency, created_at, expires_at)
    VALUES (%(reference)s, 'held', %(email)s, %(phone)s, %(total)s, %(currency)s, %(now)s, %(until)s) RETURNING id
"""
CLAIM = """
    INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id, held_until)
    SELECT %(schedule)s, leg, seat, %(booking)s, %(until)s
    FROM generate_series(%(first)s::integer, %(last)s::integer) AS leg CROSS JOIN unnest(%(seats)s::text[]) AS seat
    ORDER BY leg, seat
    ON CONFLICT (schedule_id, leg, seat_number) DO UPDATE
        SET booking_id = excluded.booking_id, held_until = excluded.held_until WHERE seat_claims.held_until <= %(now)s
"""
PARTS = """
    WITH travellers AS (
        INSERT INTO passengers (booking_id, number, name, type)
        SELECT %(booking)s, number, name, type
        FROM unnest(%(numbers)s::int[], %(names)s::text[], %(types)s::text[]) AS p(number, name, type)
    ), ride AS (
        INSERT INTO journeys (booking_id, number, schedule_id, fare_class_id, origin_position, destination_position,
            origin_id, destination_id, departs_at, arrives_at, route_name, fare_class_name, conditions, refund_steps)
        VALUES (%(booking)s, 1, %(schedule)s, %(class)s, %(first)s, %(past)s, %(origin)s, %(destination)s, %(departs)s,
            %(arrives)s, %(route_name)s, %(class_name)s, %(conditions)s, %(refund_steps)s)
    )
    INSERT INTO tickets (booking_id, journey_number, passenger_number, schedule_id, seat_number, fare, fare_trace, code,
        status)
    SELECT %(booking)s, 1, number, %(schedule)s, seat, fare, trace, code, 'reserved'
    FROM unnest(%(numbers)s::int[], %(seats)s::text[], %(fares)s::int[], %(traces)s::jsonb[], %(codes)s::text[])
        AS t(number, seat, fare, trace, code)
"""
KEEP = """
    INSERT INTO idempotency_keys (caller, key, request_hash, status, content_type, body, created_at)
    VALUES (%s, %s, %s, 201, 'application/json', %s, %s)
"""
