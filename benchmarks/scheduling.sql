-- A million charters and five million notifications. The rides of each driver follow one another without a gap.
INSERT INTO users (id, email, name, password_hash, roles, created_at)
    SELECT n, 'driver' || n || '@example.com', 'Driver ' || n, 'none', '{driver}'::varchar[], now() FROM generate_series(11, 210) n
    UNION ALL
    SELECT n, 'attendant' || n || '@example.com', 'Attendant ' || n, 'none', '{attendant}'::varchar[], now()
        FROM generate_series(211, 410) n
    UNION ALL
    SELECT n, 'client' || n || '@example.com', 'Client ' || n, 'none', '{}'::varchar[], now() FROM generate_series(1000, 20999) n;
INSERT INTO users (id, email, name, password_hash, roles, created_at)
    VALUES (1, 'operator@example.com', 'Operator', 'none', '{operator}', now());
INSERT INTO services (id, name, duration_minutes, price, currency)
    SELECT n, 'Service ' || n, 60, 100000 + n, 'ZAR' FROM generate_series(1, 20) n;
INSERT INTO appointments (id, reference, status, client_id, client_name, client_email, pick_up_text, drop_off_text,
        starts_at, ends_at, time_zone, passengers, currency, operator_id, created_at)
    SELECT n, 'C' || lpad(n::text, 7, '0'), CASE WHEN n % 10 = 0 THEN 'assigned' ELSE 'accepted' END,
        1000 + n % 20000, 'Client', 'client@example.com', 'Here', 'There', begins, begins + interval '3 hours',
        'Africa/Johannesburg', 20, 'ZAR', 1, begins - interval '30 days'
    FROM generate_series(1, :charters) n
    CROSS JOIN LATERAL (SELECT date_trunc('day', now()) - interval '365 days' + n / 200 * interval '3 hours') t(begins);
INSERT INTO appointment_services (appointment_id, service_id, number, name, duration_minutes, price)
    SELECT id, 1 + (id + number * 7) % 20, number, 'Service', 60, 100000 FROM appointments, generate_series(1, 2) number;
INSERT INTO assignments (appointment_id, staff_id, part, status, starts_at, ends_at, offered_at)
    SELECT id, first + id % 200, part, CASE status WHEN 'assigned' THEN 'offered' ELSE 'accepted' END, starts_at, ends_at,
        created_at
    FROM appointments, (VALUES (11, 'driver'), (211, 'attendant')) AS crew (first, part);
INSERT INTO notifications (staff_id, kind, title, message, appointment_id, created_at)
    SELECT 11 + n % 400, 'offered', 'A charter waits for your answer', repeat('All that has to be known of it. ', 10),
        1 + n % :charters, now() - interval '80 days' + n * interval '1 second'
    FROM generate_series(1, :notifications - :unread) n;
-- One of them never looks.
INSERT INTO notifications (staff_id, kind, title, message, appointment_id, created_at)
    SELECT 11, 'offered', 'A charter waits for your answer', repeat('All that has to be known of it. ', 10),
        1 + n % :charters, now() - interval '1 day' + n * interval '0.5 seconds'
    FROM generate_series(1, :unread) n;
INSERT INTO unread_notifications (notification_id, staff_id)
    SELECT id, staff_id FROM notifications ORDER BY id DESC LIMIT :unread;
SELECT setval(pg_get_serial_sequence(name, 'id'), 10000000)
    FROM unnest(ARRAY['users', 'services', 'appointments', 'assignments', 'notifications']) AS name;
