SELECT count(*) AS running FROM operations WHERE host = %(host)s AND state = 'running'
