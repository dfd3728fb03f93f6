-- The bulk of a bus line: schedules, and what has been sold on those to come. Placeholders are whole numbers.
INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
SELECT t.route_id, t.id, t.bus_id, at.departs, at.departs + make_interval(mins => t.arrivals[cardinality(t.arrivals)]),
    :capacity
FROM generate_series(-:past_days, :days - 1) AS day
CROSS JOIN timetables t
CROSS JOIN LATERAL (
    SELECT (current_date + day + make_interval(mins => t.departure_minutes)) AT TIME ZONE t.time_zone AS departs) at
ORDER BY at.departs;

-- Two people a party, side by side; every party has its own seats, on a stretch of its own.
CREATE TEMPORARY TABLE parties ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY s.id, party) AS id, s.id AS schedule_id, t.route_id, first.leg AS first_leg,
    first.leg + 1 + (hashint8(s.id * 31 + party) & 1023) % (t.legs - first.leg) AS past_leg,
    1 + (2 * party + (s.id * 7) % :capacity) % (:capacity - 1) AS seat, s.departure_time, s.arrival_time
FROM schedules s
CROSS JOIN generate_series(0, :parties - 1) AS party
JOIN (SELECT id, route_id, cardinality(arrivals) - 1 AS legs FROM timetables) t ON t.id = s.timetable_id
CROSS JOIN LATERAL (SELECT (hashint8(s.id * 17 + party) & 1023) % t.legs AS leg) first
WHERE s.departure_time > now();

INSERT INTO bookings (id, reference, status, email, total, currency, created_at, expires_at, confirmed_at, payment_id)
SELECT id, lpad(upper(to_hex(id)), 8, 'Z'), 'confirmed', 'traveller' || id || '@example.com', 60000, 'ZAR', now(), now(),
    now(), 'bench-' || id
FROM parties ORDER BY id;

INSERT INTO passengers (booking_id, number, name, type)
SELECT id, number, 'Traveller ' || number, 'adult' FROM parties CROSS JOIN generate_series(1, 2) AS number
ORDER BY id, number;

INSERT INTO journeys (booking_id, number, schedule_id, fare_class_id, origin_position, destination_position, origin_id,
    destination_id, departs_at, arrives_at, route_name, fare_class_name, conditions, refund_steps)
SELECT p.id, 1, p.schedule_id, 1, p.first_leg, p.past_leg, o.stop_id, d.stop_id, p.departure_time, p.arrival_time,
    r.name, c.name, c.conditions, '[{"minutes_before": 1440, "percent": 90}, {"minutes_before": 120, "percent": 50}]'
FROM parties p
JOIN routes r ON r.id = p.route_id
JOIN fare_classes c ON c.id = 1
JOIN route_stops o ON o.route_id = p.route_id AND o.position = p.first_leg
JOIN route_stops d ON d.route_id = p.route_id AND d.position = p.past_leg
ORDER BY p.id;

INSERT INTO tickets (booking_id, journey_number, passenger_number, schedule_id, seat_number, fare, fare_trace, code,
    status)
SELECT id, 1, number, schedule_id, (seat + number - 1)::text, 30000, '[]', lpad(to_hex(id * 2 + number), 12, 'Z'), 'issued'
FROM parties CROSS JOIN generate_series(1, 2) AS number
ORDER BY id, number;

INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id, held_until)
SELECT p.schedule_id, leg, (p.seat + number - 1)::text, p.id, NULL
FROM parties p
CROSS JOIN generate_series(1, 2) AS number
CROSS JOIN LATERAL generate_series(p.first_leg, p.past_leg - 1) AS leg
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING;

SELECT setval(pg_get_serial_sequence('bookings', 'id'), (SELECT max(id) FROM bookings));
