SELECT name, agent_version, first_seen, last_seen,
       (SELECT count(*) FROM modems WHERE modems.host = hosts.name) AS modems
FROM hosts
ORDER BY name
