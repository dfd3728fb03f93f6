"""Everything that knows no bus: database, web, mailing, caching, telemetry, jobs, runtime, the world outside."""
