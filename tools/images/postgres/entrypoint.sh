#!/bin/sh
# On an empty data directory makes the database cluster with the password that the environment names, then runs the server.
set -eu

# Arguments alone are the server's, as with the official image.
case "${1:--}" in -*) set -- postgres "$@" ;; esac
if [ "$1" != postgres ]; then exec "$@"; fi
shift

# Made aside and moved in with its last file, so that a start that was killed half way begins anew.
initialise() {
  file=${POSTGRES_PASSWORD_FILE:-}
  if [ -z "$file" ]; then
    echo 'The data directory is empty and there is no password: name its file by POSTGRES_PASSWORD_FILE.' >&2
    return 1
  fi
  aside=$PGDATA.initialising
  rm -rf "$aside"
  initdb --pgdata="$aside" --username=postgres --pwfile="$file" --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums >/dev/null
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  for entry in "$aside"/*; do
    name=${entry##*/}
    [ "$name" != PG_VERSION ] || continue
    rm -rf "${PGDATA:?}/$name"
    mv "$entry" "$PGDATA/$name"
  done
  mv "$aside/PG_VERSION" "$PGDATA/PG_VERSION"
  rm -rf "$aside"
}

[ -f "$PGDATA/PG_VERSION" ] || initialise
exec postgres -D "$PGDATA" "$@"
