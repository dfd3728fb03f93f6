"""The three statements; imports nothing of ours, so that the peers can do without it."""

PATH = "/api/v1/three"
ONE_STOP = "SELECT id, code, name, city FROM stops WHERE code = :code"
ROUTES_FROM = "SELECT id, name, base_price FROM routes WHERE origin_id = :stop_id ORDER BY id LIMIT 20"
FARE_CLASSES = "SELECT code, name, price_percent FROM fare_classes ORDER BY id"
