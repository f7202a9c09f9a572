DELETE FROM operations WHERE ended_at < %(before)s
