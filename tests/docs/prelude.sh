# The script that the test makes of a page begins with this. The test sets PAGE, PORT, HOST_LOG, OUTPUTS and STARTS_HOST.

HOST_PID=

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

# Starts the host that the page calls http://localhost:8080, and waits until it listens.
serve() {
  stop_host
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
  HOST_PID=$!
  until grep -q ^listening "$printed"; do
    if ! kill -0 "$HOST_PID" 2>/dev/null; then
      cat "$printed" "$HOST_LOG" >&2
      HOST_PID=
      return 1
    fi
    sleep 0.05
  done
}

stop_host() {
  [[ -z $HOST_PID ]] && return
  kill "$HOST_PID" 2>/dev/null || true
  wait "$HOST_PID" || true
  HOST_PID=
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
trap 'trap - ERR; stop_host' EXIT
: >"$HOST_LOG"
if [[ $STARTS_HOST == no ]]; then
  serve
fi
set -E
