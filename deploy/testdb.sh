#!/bin/sh
# Runs a test command that needs a MySQL server:
#   deploy/testdb.sh [--with-clients | --with-browser] COMMAND...
# If mariadbd or mysqld is installed, the tests start a private server themselves (pkg/dbconn/dbtest). Otherwise root on
# Debian or Ubuntu installs it; elsewhere Docker runs a server. --with-clients also requires the command lines mariadb
# and sqlite3, and --with-browser requires Chromium.
set -eu

have() { PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec" command -v "$1" >/dev/null 2>&1; }
install() {
	echo "testdb: installing $*" >&2
	apt-get update -q >/dev/null
	# RUNLEVEL=1 keeps the server from starting, which would only occupy port 3306.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends "$@" >/dev/null
}
is_debian_root() { [ "$(id -u)" = 0 ] && have apt-get; }

if [ "$1" = --with-clients ]; then
	shift
	if is_debian_root; then
		have mariadb || have mysql || install mariadb-client
		have sqlite3 || install sqlite3
	fi
	have mariadb || have mysql || { echo "testdb: install the mariadb or mysql command line" >&2; exit 1; }
	have sqlite3 || { echo "testdb: install the sqlite3 command line" >&2; exit 1; }
fi

if [ "$1" = --with-browser ]; then
	shift
	if is_debian_root && ! have chromium && ! have google-chrome; then install chromium; fi
	have chromium || have chromium-browser || have google-chrome || {
		echo "testdb: install Chromium or Chrome" >&2
		exit 1
	}
fi

if [ -n "${TEST_MYSQL_DSN:-}" ] || have mariadbd || have mysqld; then
	exec "$@"
fi
if is_debian_root; then
	install mariadb-server
	exec "$@"
fi
if ! docker version >/dev/null 2>&1; then
	echo "testdb: no MySQL server: install mariadb-server or mysql-server, start Docker, or set TEST_MYSQL_DSN" >&2
	exit 1
fi

# The image's own certificate does not name 127.0.0.1 and localhost, so the server gets another one.
tls=$(mktemp -d)
container=
trap 'test -z "$container" || docker rm -f "$container" >/dev/null; rm -rf "$tls"' EXIT
trap 'exit 130' INT TERM
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=testdb authority" \
	-keyout "$tls/ca-key.pem" -out "$tls/ca.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=testdb" -keyout "$tls/key.pem" -out "$tls/request.pem" 2>/dev/null
echo "subjectAltName=DNS:localhost,IP:127.0.0.1" > "$tls/names"
openssl x509 -req -days 2 -in "$tls/request.pem" -CA "$tls/ca.pem" -CAkey "$tls/ca-key.pem" -CAcreateserial \
	-extfile "$tls/names" -out "$tls/cert.pem" 2>/dev/null
chmod 755 "$tls" && chmod 644 "$tls"/*
container=$(docker run -d -e MYSQL_ROOT_PASSWORD=test -p 127.0.0.1::3306 -v "$tls:/tls:ro" mysql:8.4 \
	--ssl-ca=/tls/ca.pem --ssl-cert=/tls/cert.pem --ssl-key=/tls/key.pem)
address=$(docker port "$container" 3306 | head -n 1)
# The image first starts a server without a network, which initializes the data. So the first answer over TCP comes
# from the final server.
tries=0
until docker exec "$container" mysqladmin -h 127.0.0.1 -uroot -ptest ping >/dev/null 2>&1; do
	tries=$((tries + 1))
	if [ "$tries" -gt 120 ]; then
		echo "testdb: mysql:8.4 does not answer; its log:" >&2
		docker logs "$container" >&2
		exit 1
	fi
	sleep 1
done
TEST_MYSQL_DSN="root:test@tcp($address)/" TEST_MYSQL_CA="$tls/ca.pem" "$@"
