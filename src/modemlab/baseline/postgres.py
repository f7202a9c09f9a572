# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL, after dev-sec's postgres-baseline (the numbers are its own), by SHOW and catalogs."""

import re

from .control import Check, Control
from .host import DATABASE, Host

VERSIONS = range(13, 19)
FOLDER = "/etc/postgresql"


def _show(name: str, *allowed: str) -> Check:
    return lambda host: "" if host.postgres[name] in allowed else f"{name} {host.postgres[name]}"


def _count(query: str, expected: int) -> Check:
    def check(host: Host) -> str:
        rows = host.sql(query)
        return "" if rows == [str(expected)] else f"{rows} rows"

    return check


def _version(host: Host) -> str:
    text = host.postgres["server_version"]
    found = re.match(r"(\d+)\.\d+", text)
    return "" if found and int(found[1]) in VERSIONS else text


def _clusters(host: Host) -> str:
    lines = host.run("pg_lsclusters --no-header").splitlines()
    online = [line for line in lines if line.split()[3].startswith("online")]
    return "" if len(online) == 1 else f"{len(online)} clusters"


def _passwords(host: Host) -> str:
    rows = host.sql("SELECT passwd FROM pg_shadow WHERE passwd IS NOT NULL")
    plain = [row for row in rows if not row.startswith("SCRAM-SHA-256$")]
    return "" if not plain else f"{len(plain)} passwords"


def _login(*types: str, methods: set[str]) -> Check:
    def check(host: Host) -> str:
        return "; ".join(
            " ".join(rule) for rule in host.hba if rule[0] in types and rule[4] not in methods
        )

    return check


def _no_plain_tcp(host: Host) -> str:
    return "; ".join(" ".join(rule) for rule in host.hba if rule[0] in {"host", "hostnossl"})


def _only_farm_roles(host: Host) -> str:
    """Who else gets in: roles that a `local` line lets into our database before it says reject."""
    found: list[str] = []
    for kind, database, roles, _, method, _ in host.hba:
        if kind != "local":
            continue
        if DATABASE in database.split(",") and (roles, method) == ("all", "reject"):
            return "; ".join(found)
        strangers = {
            role
            for role in roles.split(",")
            if role != "postgres" and not role.startswith("modemfarm")
        }
        if strangers and {DATABASE, "all"} & set(database.split(",")):
            found.append(" ".join((kind, database, roles, method)))
    return "; ".join([*found, f"nobody is refused for {DATABASE}"])


def _errors(host: Host) -> str:
    return "; ".join(" ".join(rule) for rule in host.hba if rule[5])


def _private(*paths: str) -> Check:
    """Belongs to postgres; nobody else reads or writes."""

    def check(host: Host) -> str:
        found = host.modes(host.run(f"ls -d {' '.join(paths)}").split())
        return "; ".join(
            f"{name} {mode.owner} {mode.bits:o}"
            for name, mode in found.items()
            if mode.owner != "postgres" or mode.bits & 0o077
        )

    return check


def _prefix(host: Host) -> str:
    prefix = host.postgres["log_line_prefix"]
    missing = [part for part in ("%u", "%d", "%h") if part not in prefix]
    if not {"%t", "%m", "%n"} & set(re.findall("%.", prefix)):
        missing.append("%t")
    return f"{prefix!r} lacks {missing}" if missing else ""


def _sockets(host: Host) -> str:
    lines = host.run("ss -Hltnp").splitlines()
    return "; ".join(" ".join(line.split()[3:4]) for line in lines if '"postgres"' in line)


LANGUAGES = "SELECT count(*) FROM pg_language WHERE "
RIGHTS = "SELECT count(*) FROM information_schema.table_privileges p WHERE "
CONTROLS = (
    Control("postgres-02", "a supported version", _version),
    Control("postgres-03", "one cluster", _clusters),
    Control(
        "postgres-04",
        "no untrusted languages",
        _count(LANGUAGES + "NOT lanpltrusted AND lanname NOT IN ('internal', 'c')", 0),
    ),
    Control(
        "postgres-05",
        "no languages that nobody needs",
        _count(LANGUAGES + "lanname NOT IN ('internal', 'c', 'sql', 'plpgsql')", 0),
    ),
    Control(
        "postgres-06",
        "a password for each role",
        _count("SELECT count(*) FROM pg_shadow WHERE passwd IS NULL", 0),
    ),
    Control("postgres-07", "passwords are kept as scram", _passwords),
    Control(
        "postgres-07-setting",
        "new passwords become scram",
        _show("password_encryption", "scram-sha-256"),
    ),
    Control(
        "postgres-08",
        "one role that may do everything",
        _count(
            "SELECT count(*) FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb"
            " OR rolbypassrls",
            1,
        ),
    ),
    Control(
        "postgres-09",
        "only that one reads passwords",
        _count(
            "SELECT count(*) FROM information_schema.role_table_grants"
            " WHERE table_name = 'pg_authid' AND grantee <> 'postgres'",
            0,
        ),
    ),
    Control(
        "postgres-10",
        "the configuration is postgres' alone",
        _private(f"{FOLDER}/*/*", f"{FOLDER}/*/*/*.conf"),
    ),
    Control("postgres-11", "TLS is on", _show("ssl", "on")),
    Control(
        "postgres-12",
        "the baseline's ciphers",
        _show("ssl_ciphers", "ALL:!ADH:!LOW:!EXP:!MD5:@STRENGTH"),
    ),
    Control(
        "postgres-13",
        "by socket, the kernel says who it is",
        _login("local", methods={"peer", "reject"}),
    ),
    Control(
        "postgres-14",
        "over TLS, scram",
        _login("hostssl", "host", methods={"scram-sha-256", "reject"}),
    ),
    Control("postgres-15", "nobody logs in without TLS", _no_plain_tcp),
    Control("postgres-16-collector", "its own collector", _show("logging_collector", "on")),
    Control("postgres-16-connections", "logins are logged", _show("log_connections", "on")),
    Control("postgres-16-disconnections", "and their ends", _show("log_disconnections", "on")),
    Control("postgres-16-duration", "and how long", _show("log_duration", "on")),
    Control("postgres-16-hostname", "and names of hosts", _show("log_hostname", "on")),
    Control("postgres-16-prefix", "time, user, database and host in each line", _prefix),
    Control(
        "postgres-17",
        "nothing for everybody",
        _count(
            RIGHTS + "grantee = 'PUBLIC' AND table_schema NOT IN"
            " ('pg_catalog', 'information_schema')",
            0,
        ),
    ),
    Control(
        "postgres-18",
        "nobody but an owner passes rights on",
        _count(
            RIGHTS + "is_grantable = 'YES' AND grantee <> 'postgres' AND NOT EXISTS (SELECT FROM"
            " pg_class c WHERE c.relnamespace = to_regnamespace(quote_ident(p.table_schema))"
            " AND c.relname = p.table_name AND pg_get_userbyid(c.relowner) = p.grantee)",
            0,
        ),
    ),
    Control(
        "postgres-19",
        "functions with their owner's rights have a fixed search path and are not for everybody",
        _count(
            "SELECT count(*) FROM pg_proc p WHERE prosecdef AND (NOT EXISTS (SELECT FROM"
            " unnest(proconfig) c WHERE c LIKE 'search_path=%') OR proacl IS NULL"
            " OR EXISTS (SELECT FROM aclexplode(proacl) a WHERE a.grantee = 0))",
            0,
        ),
    ),
    Control("postgres-20", "the data are postgres' alone", _private("/var/lib/postgresql/*/*")),
    Control("postgres-20-log", "and the logs", _private("/var/log/postgresql")),
    Control("farm-postgres-01", "it listens on no port", _sockets),
    Control("farm-postgres-02", "only the farm's roles get into its database", _only_farm_roles),
    Control("farm-postgres-03", "pg_hba.conf has no line that is not understood", _errors),
)
