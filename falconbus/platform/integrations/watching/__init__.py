"""Services that watch us from outside: errors to Sentry, traces by OpenTelemetry; loaded when they are set."""
