# The script that the test makes of a page begins with this. The test sets PAGE, PORT, POSTGRES_PORT, HOST_LOG, OUTPUTS and
# STARTS_HOST.

# The hosts that run.
HOST_PIDS=()

# Remembers which block begins: the file of its output, and whether its requests are to fail.
begin() {
  CURRENT=$OUTPUTS/$1
  REFUSED=$2
}

# Names the line of the page that failed, and shows what its block had printed.
failed() {
  local line=${BASH_LINENO[-2]}
  echo "$PAGE:$line: exit code $1 of: $(sed -n "${line}p" "$0")" >&2
  [[ -s ${CURRENT-} ]] && sed 's/^/  | /' "$CURRENT" >&2
  echo >&2
}

# Starts the host that the page calls http://localhost:8080, and waits until it listens. With --listen it is a further host.
serve() {
  [[ " $* " == *" --listen "* ]] || stop_host
  local base=http://localhost:$PORT printed=$OUTPUTS/host
  if [[ -n ${PUBLIC_BASE_URL-} ]]; then
    base=$PUBLIC_BASE_URL
  elif [[ -f .env ]]; then
    base=$(sed -n 's/^PUBLIC_BASE_URL=//p' .env)
    base=${base:-http://localhost:$PORT}
  fi
  # The former host said that it listens, too.
  : >"$printed"
  LISTEN=127.0.0.1:$PORT PUBLIC_BASE_URL=$base command gatewright serve "$@" >"$printed" 2>>"$HOST_LOG" &
  local pid=$!
  HOST_PIDS+=("$pid")
  until grep -q ^listening "$printed"; do
    if ! kill -0 "$pid" 2>/dev/null; then
      cat "$printed" "$HOST_LOG" >&2
      return 1
    fi
    sleep 0.05
  done
}

# Stops all hosts.
stop_host() {
  local pid
  for pid in "${HOST_PIDS[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
  done
  HOST_PIDS=()
}

as_postgres() {
  if [[ $EUID == 0 ]]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

# Starts a database server of the page's own, which it calls localhost:5432. PostgreSQL's programs find it as its superuser.
start_postgres() {
  local bin
  bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
  POSTGRES=$(as_postgres mktemp -d)
  as_postgres "$bin/initdb" -D "$POSTGRES/data" -U postgres -E UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256 >"$OUTPUTS/initdb"
  as_postgres "$bin/postgres" -D "$POSTGRES/data" -k "$POSTGRES" -h localhost -p "$POSTGRES_PORT" -c fsync=off \
    >"$OUTPUTS/postgres" 2>&1 &
  POSTGRES_PID=$!
  export PGHOST=$POSTGRES PGPORT=$POSTGRES_PORT PGUSER=postgres
  local attempt
  for attempt in {1..200}; do
    "$bin/pg_isready" -q && return
    sleep 0.05
  done
  cat "$OUTPUTS/postgres" >&2
  return 1
}

# The server's own process is behind `runuser`.
stop_postgres() {
  [[ -z ${POSTGRES_PID-} ]] && return
  as_postgres sh -c 'kill -INT "$(head -n 1 "$1/data/postmaster.pid")"' - "$POSTGRES"
  wait "$POSTGRES_PID" || true
  rm -r "$POSTGRES"
}

gatewright() {
  if [[ ${1-} == serve && " $* " != *" --help "* && " $* " != *" -h "* ]]; then
    serve "${@:2}"
  else
    command gatewright "$@"
  fi
}

cargo() {
  if [[ ${1-} == xtask && ${2-} == serve ]]; then
    serve "${@:3}"
  else
    echo "of cargo only \`cargo xtask serve\` can run here" >&2
    return 1
  fi
}

# Fails for each status of 400 and more, unless the page shows an error.
curl() {
  if [[ $REFUSED == yes ]]; then
    command curl "$@"
  else
    command curl --fail-with-body "$@"
  fi
}

# Waits until a line of the host's log matches, and prints the first group of the last that does.
from_log() {
  local line found=
  for _ in {1..300}; do
    while read -r line; do
      [[ $line =~ $1 ]] && found=${BASH_REMATCH[1]}
    done <"$HOST_LOG"
    if [[ -n $found ]]; then
      echo "$found"
      return
    fi
    sleep 0.1
  done
  echo "the host has logged no line with $1" >&2
  return 1
}

trap 'failed $?' ERR
trap 'trap - ERR; stop_host; stop_postgres' EXIT
: >"$HOST_LOG"
if [[ $STARTS_HOST == no ]]; then
  serve
fi
set -E
