-- One observation of a modem's SIM, as see_bearer.sql. An IMSI that nobody could read says nothing:
-- the span goes on, and gets its IMSI when somebody can.
UPDATE sims SET imsi = %(imsi)s
WHERE serial = %(serial)s AND until IS NULL AND imsi IS NULL
  AND (host, iccid) = (%(host)s, %(iccid)s::text);
UPDATE sims SET until = %(at)s
WHERE serial = %(serial)s AND until IS NULL AND since <= %(at)s
  AND CASE WHEN %(iccid)s::text IS NULL THEN host = %(host)s
           ELSE (host, iccid) <> (%(host)s, %(iccid)s) OR imsi <> %(imsi)s END;
INSERT INTO sims (host, serial, iccid, imsi, since)
SELECT %(host)s, %(serial)s, %(iccid)s, %(imsi)s, %(at)s
WHERE %(iccid)s::text IS NOT NULL
  AND NOT EXISTS (SELECT FROM sims
                  WHERE serial = %(serial)s AND (until IS NULL OR until > %(at)s))
