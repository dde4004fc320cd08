#!/bin/sh
# Brings the stack of docker-compose.yml up under a name and on ports of its own, asks it as a client
# would, stops MySQL and asks again, starts everything again, and takes it all down.
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
ask() {
	curl --silent --show-error --fail-with-body --max-time 15 --header "X-API-Key: $API_KEY" \
		"http://127.0.0.1:$CARAPI_PORT$1"
}
cars() { ask "$1" | sed 's/,"source":.*//'; } # without the member that names its database
# until FROM, for a minute: an answer comes from there
until_from() {
	for _ in $(seq 60); do
		case $(ask '/cars/?limit=1') in *"\"source\":\"$1\""*) return ;; esac
		sleep 1
	done
	fail "no answer comes from $1"
}

docker compose up --build --detach --wait
# The view has more columns than the table.
search='/cars/?make=Toyota&price_max=30000&sort=-year,price&limit=50&fields=id,make,model,year,price'
until_from live
live=$(cars "$search")
case $live in *'"returned":0,'* | '') fail "nothing was found: $live" ;; esac

docker compose stop mysql
until_from snapshot
[ "$(cars "$search")" = "$live" ] || fail "the snapshot answers otherwise than MySQL did"
docker compose exec -T carapi /service status || fail "carapi is not ready without MySQL"

docker compose restart carapi # it starts without MySQL too
for _ in $(seq 60); do ask /readyz >/dev/null 2>&1 && break; sleep 1; done
until_from snapshot

docker compose start mysql
until_from live
[ "$(cars "$search")" = "$live" ] || fail "MySQL answers otherwise than before"
docker compose exec -T syncer /service sync --quiet || fail "syncer does not copy any more"
echo "test-compose: passed"
