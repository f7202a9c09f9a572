INSERT INTO volumes (host, serial, day, down, up) VALUES %s
ON CONFLICT (host, serial, day) DO UPDATE
SET down = greatest(volumes.down, excluded.down), up = greatest(volumes.up, excluded.up)
