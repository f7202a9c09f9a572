SELECT serial, step, cause, began, ended, outcome, evidence, before, after
FROM repairs
WHERE host = %(host)s AND began >= %(since)s
ORDER BY began, id
