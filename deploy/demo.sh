#!/bin/sh
# Runs all of carstock on this machine, without Docker and without a database: demodb plays the external MySQL server,
# syncer copies its view, and carapi answers from the copy. Ctrl-C stops everything. Needs Go and a C compiler. DEMO_DIR
# is the folder of its files.
set -eu

cd "$(dirname "$0")/.."
db_port=${DEMO_DB_PORT:-13306}
http_port=${DEMO_HTTP_PORT:-8080}
key=demo-key-0123456789abcdef
dir=${DEMO_DIR:-data/demo}
file=$dir/carstock.db

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# await PID LOG WORD VARIABLE PORT: waits until the log contains WORD. If the program ends before, the demo fails.
await() {
	until grep -q "$3" "$2"; do
		if ! kill -0 "$1" 2>/dev/null; then
			cat "$2" >&2
			echo "demo: if port $5 is taken, choose another: make demo $4=$(($5 + 1))" >&2
			exit 1
		fi
		sleep 0.1
	done
}

db_pid='' api_pid=''
stop() {
	trap - EXIT INT TERM
	# Background processes of a script ignore Ctrl-C, but not SIGTERM.
	for pid in $api_pid $db_pid; do kill "$pid" 2>/dev/null || true; done
	wait
	echo
	echo "stopped"
}
trap stop EXIT
trap 'exit 0' INT TERM

step "Building (the first time takes a few minutes: SQLite and an embedded MySQL server are compiled)"
go build -o bin/ ./services/syncer ./services/carapi
(cd deploy/demodb && GOWORK=off go build -o ../../bin/demodb .)
mkdir -p "$dir"
rm -f "$file" "$file-wal" "$file-shm"
: > "$dir/demodb.log" && : > "$dir/carapi.log" # await must not find the words of an earlier start

step "1. demodb, a MySQL server in memory, on 127.0.0.1:$db_port"
bin/demodb -listen "127.0.0.1:$db_port" -sql deploy/mysql -later deploy/mysql/later -database vehicles_db \
	> "$dir/demodb.log" 2>&1 &
db_pid=$!
await "$db_pid" "$dir/demodb.log" ready DEMO_DB_PORT "$db_port"
cat "$dir/demodb.log"

# Neither variables of the environment nor a .env file may change the demo.
sync() {
	env DB_DRIVER=mysql DB_HOST=127.0.0.1 DB_PORT="$db_port" DB_SOCKET= DB_USER=syncer \
		DB_PASSWORD=syncer-demo DB_PASSWORD_FILE= \
		DB_NAME=vehicles_db DB_SSL_MODE=disabled SYNC_VIEWS='vehicles_view(id)' SYNC_PATH="$file" SYNC_HISTORY=90d \
		LOG_LEVEL= LOG_FORMAT= \
		bin/syncer sync --config /dev/null
}
step "2. syncer sync: vehicles_view -> $file"
sync

step "3. The dealer changes prices and sells some vehicles (deploy/mysql/later); syncer sync again"
kill -HUP "$db_pid"
await "$db_pid" "$dir/demodb.log" changed DEMO_DB_PORT "$db_port"
sync

step "4. carapi, answering from the copy, on 127.0.0.1:$http_port"
env DB_DRIVER=sqlite DB_PATH="$file" CARS_TABLE=vehicles_view CARS_FIELDS= CARS_HIDE= CARS_UNITS=mileage=mi \
	API_KEY="$key" API_KEYS= API_KEYS_FILE= \
	HTTP_ADDR="127.0.0.1:$http_port" METRICS_ADDR=off PUBLIC_URL= LOG_LEVEL= LOG_FORMAT= \
	bin/carapi --config /dev/null > "$dir/carapi.log" 2>&1 &
api_pid=$!
await "$api_pid" "$dir/carapi.log" listening DEMO_HTTP_PORT "$http_port"

url=http://127.0.0.1:$http_port
cat <<EOF
ready; its log is $dir/carapi.log

Try, in another terminal:

  curl -H 'X-API-Key: $key' '$url/cars/?make=Toyota&model=Camry&year=2023'

  curl -H 'X-API-Key: $key' '$url/cars/?make=ford&model=f150&price_max=45000&limit=3'

  curl -H 'X-API-Key: $key' '$url/cars/?q=awd&price_max=30000&sort=-year,price&facets=make&limit=2&fields=id,make,price'

What has changed between the two runs of syncer:

  curl -H 'X-API-Key: $key' '$url/cars/changes?since=today&kind=price,sold&limit=3&fields=id,make,model,year,price'

All parameters, to try out in a browser with that key:  $url/docs

The copy is a plain SQLite file:  sqlite3 -readonly $file 'SELECT make, count(*), avg(price) FROM vehicles_view GROUP BY make'

Ctrl-C stops everything.
EOF
wait "$api_pid"
