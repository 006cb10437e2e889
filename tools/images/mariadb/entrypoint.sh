#!/bin/sh
# On an empty data directory makes the database and the user that the environment names, then runs the server.
set -eu
data=/var/lib/mysql
socket=/tmp/mysqld.sock

# Arguments alone are the server's, as with the official image.
case "${1:--}" in -*) set -- mariadbd "$@" ;; esac
if [ "$1" != mariadbd ]; then exec "$@"; fi
shift

# setting NAME: the variable NAME, or the content of the file that NAME_FILE names.
setting() {
  eval "file=\${${1}_FILE:-} value=\${$1:-}"
  if [ -n "$file" ]; then cat "$file"; else printf %s "$value"; fi
}
# Not echo, which makes something else of a backslash.
line() { printf '%s\n' "$1"; }
# The text as an SQL string or as a quoted name.
quoted() { printf "'%s'" "$(printf %s "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")"; }
named() { printf '`%s`' "$(printf %s "$1" | sed -e 's/`/``/g')"; }

initial_sql() {
  root=$(setting MARIADB_ROOT_PASSWORD)
  if [ -z "$root" ] && [ -n "${MARIADB_RANDOM_ROOT_PASSWORD:-}" ]; then
    root=$(head -c 24 /dev/urandom | base64)
  fi
  if [ -z "$root" ] && [ -z "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-}" ]; then
    echo 'The data directory is empty and there is no root password: set one of MARIADB_ROOT_PASSWORD,' \
      'MARIADB_RANDOM_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD.' >&2
    return 1
  fi
  database=$(setting MARIADB_DATABASE)
  user=$(setting MARIADB_USER)
  # mariadb-install-db also makes root users of other hosts, without a password.
  line "DELETE FROM mysql.global_priv WHERE Host <> 'localhost' OR User = '';"
  line "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost' OR User = '';"
  line 'FLUSH PRIVILEGES;'
  line "ALTER USER root@localhost IDENTIFIED BY $(quoted "$root");"
  if [ "${MARIADB_ROOT_HOST:-%}" != localhost ]; then
    host=$(quoted "${MARIADB_ROOT_HOST:-%}")
    line "CREATE USER root@$host IDENTIFIED BY $(quoted "$root");"
    line "GRANT ALL ON *.* TO root@$host WITH GRANT OPTION;"
  fi
  if [ -n "$database" ]; then line "CREATE DATABASE IF NOT EXISTS $(named "$database");"; fi
  if [ -n "$user" ]; then
    line "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$(setting MARIADB_PASSWORD)");"
    if [ -n "$database" ]; then line "GRANT ALL ON $(named "$database").* TO $(quoted "$user")@'%';"; fi
  fi
}

# Made aside and moved in with the system tables last, so that a start that was killed half way begins anew.
initialise() {
  sql=$(initial_sql)
  aside=$data/.initialising
  rm -rf "$aside"
  mariadb-install-db --datadir="$aside" --auth-root-authentication-method=normal --skip-test-db \
    --skip-log-bin --innodb-log-file-size=8M >/dev/null
  printf '%s\n' "$sql" | mariadbd --bootstrap --datadir="$aside" --skip-log-bin --innodb-log-file-size=8M
  for entry in "$aside"/*; do
    name=${entry##*/}
    [ "$name" != mysql ] || continue
    rm -rf "${data:?}/$name"
    mv "$entry" "$data/$name"
  done
  mv "$aside/mysql" "$data/mysql"
  rm -rf "$aside"
}

[ -d "$data/mysql" ] || initialise
exec mariadbd --datadir="$data" --socket="$socket" --bind-address='*' --skip-log-bin --skip-name-resolve "$@"
