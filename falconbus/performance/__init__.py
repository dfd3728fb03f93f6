"""The system's performance: dashboard, vitals, caches, health, index advisor, release comparison, benchmark."""
