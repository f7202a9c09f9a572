SELECT serial, until, placed_by, reason
FROM holds
WHERE host = %(host)s AND released_at IS NULL AND until > %(now)s
