SELECT id, hash
FROM add_audit(%(actor)s, %(address)s, %(action)s, %(serial)s, %(outcome)s, %(correlation)s,
               %(detail)s)
