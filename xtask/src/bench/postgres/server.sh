# Starts a PostgreSQL server in a temporary folder, prints the folder, and stops the server when the input ends. Its buffer has
# a quarter of the memory, as its documentation recommends, and its log is large; each commit is flushed to the disk, as by
# default.
folder=$(mktemp -d) && cd "$folder" || exit 1
buffer=$(awk '/^MemTotal:/ { print int($2 / 4096) }' /proc/meminfo)MB
bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)}
"$bin/initdb" -D data -U bench -E UTF8 --locale=C.UTF-8 -A trust >log 2>&1 || { cat log >&2; exit 1; }
"$bin/postgres" -D data -k "$folder" -h '' -c max_connections=200 -c shared_buffers="$buffer" -c max_wal_size=4GB \
    -c shared_preload_libraries=pg_stat_statements >>log 2>&1 &
server=$!
for _ in $(seq 600); do
    grep -q ready data/postmaster.pid 2>/dev/null && break
    kill -0 $server 2>/dev/null || { cat log >&2; exit 1; }
    sleep 0.05
done
echo "$folder"
cat >/dev/null
kill -INT $server
wait $server
rm -r "$folder"
