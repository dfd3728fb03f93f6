"""gunicorn's entry for tests: the app of wsgi.py with the planted endpoints beside its own."""

from tests.browser.planted import bp
from wsgi import app

__all__ = ["app"]

app.register_blueprint(bp)
