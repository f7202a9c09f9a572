INSERT INTO modem_logs (serial, at, level, direction, command, response)
VALUES (%(serial)s, %(at)s, %(level)s, %(direction)s, %(command)s, %(response)s)
