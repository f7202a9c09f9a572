-- Spans of addresses that touch a time, oldest first; each condition is left out by NULL.
SELECT id, host, serial, slot, proxy_port, interface, host(address) AS address, since, until
FROM bearers
WHERE (%(scope)s::text[] IS NULL OR serial = ANY (%(scope)s::text[]))
  AND (%(address)s::inet IS NULL OR address = %(address)s::inet)
  AND (%(serial)s::text IS NULL OR serial = %(serial)s)
  AND (%(host)s::text IS NULL OR host = %(host)s)
  AND bearers.since <= %(to)s AND (until IS NULL OR until >= %(from)s)
  AND (%(after)s::timestamptz IS NULL OR (bearers.since, id) > (%(after)s, %(after_id)s))
ORDER BY bearers.since, id
LIMIT %(limit)s
