INSERT INTO hosts (name, agent_version) VALUES (%(host)s, %(version)s)
ON CONFLICT (name) DO UPDATE SET agent_version = excluded.agent_version, last_seen = now()
