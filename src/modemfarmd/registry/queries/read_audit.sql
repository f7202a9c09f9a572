SELECT id, at, actor, address, action, serial, outcome, correlation, detail::text AS detail,
       previous, hash
FROM audit WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
