INSERT INTO repairs
    (host, serial, step, cause, began, ended, outcome, evidence, before, after)
VALUES
    (%(host)s, %(serial)s, %(step)s, %(cause)s, %(began)s, %(ended)s, %(outcome)s, %(evidence)s,
     %(before)s, %(after)s)
ON CONFLICT ON CONSTRAINT repairs_once DO NOTHING
