#!/bin/sh
# Tests the stack of docker-compose.yml, under its own name and on its own ports. It sends requests like a client, first
# with MySQL running, then with MySQL stopped, and then with MySQL restarted. At the end it removes the stack.
set -eu
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=carstock-test MYSQL_PORT=13306 SYNCER_PORT=19090 CARAPI_PORT=18080
export CARAPI_METRICS_PORT=19091 API_KEY=test-compose-0123456789

finish() {
	status=$?
	if [ "$status" != 0 ]; then docker compose logs --tail 20 >&2; fi
	docker compose down --volumes --rmi local >/dev/null 2>&1
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() { echo "test-compose: $*" >&2; exit 1; }
get() {
	curl --silent --show-error --fail-with-body --max-time 15 --header "X-API-Key: $API_KEY" \
		"http://127.0.0.1:$CARAPI_PORT$1"
}
cars() { get "$1" | sed 's/,"source":.*//'; } # without the members that depend on the database
# wait_for_source SOURCE: waits up to a minute for an answer from the source, live or snapshot
wait_for_source() {
	for _ in $(seq 60); do
		case $(get '/cars/?limit=1') in *"\"source\":\"$1\""*) return ;; esac
		sleep 1
	done
	fail "no answer from $1 within a minute"
}

docker compose up --build --detach --wait
# The view has more columns than the table.
search='/cars/?make=Toyota&price_max=30000&sort=-year,price&limit=50&fields=id,make,model,year,price'
wait_for_source live
live=$(cars "$search")
case $live in *'"returned":0,'* | '') fail "nothing was found: $live" ;; esac

docker compose stop mysql
wait_for_source snapshot
[ "$(cars "$search")" = "$live" ] || fail "the snapshot's answer differs from MySQL's"
docker compose exec -T carapi /service status || fail "carapi is not ready without MySQL"

docker compose restart carapi # it also starts without MySQL
for _ in $(seq 60); do get /readyz >/dev/null 2>&1 && break; sleep 1; done
wait_for_source snapshot

docker compose start mysql
wait_for_source live
[ "$(cars "$search")" = "$live" ] || fail "MySQL's answer differs from before"
docker compose exec -T syncer /service sync --quiet || fail "syncer no longer copies"
echo "test-compose: passed"
