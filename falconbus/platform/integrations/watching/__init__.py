"""Monitoring services outside: errors to Sentry, traces by OpenTelemetry; loaded only when they are set."""
