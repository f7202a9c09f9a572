-- What is NULL stays as it is.
UPDATE users SET
    password_hash = coalesce(%(password_hash)s, password_hash),
    role = coalesce(%(role)s, role),
    modems = CASE WHEN %(all_modems)s::boolean IS NULL THEN modems
                  WHEN %(all_modems)s::boolean THEN NULL ELSE %(modems)s::text[] END,
    enabled = coalesce(%(enabled)s, enabled),
    changed_at = now()
WHERE name = %(name)s
RETURNING id, name, role, modems, enabled, created_at, changed_at
