#!/bin/sh
# Tests syncer and carapi on three Galera nodes of this machine. HAProxy sends all connections to the first available
# node, so that the services see one server. First the searches of services/e2e run on the cluster. Then the active node
# is killed while requests to carapi run without pause, and syncer copies from a remaining node. Needs Debian's
# mariadb-server, galera-4, haproxy and rsync, which the script installs as root if they are missing.
set -eu
cd "$(dirname "$0")/.."
have() { command -v "$1" >/dev/null 2>&1; }
if ! have mariadbd || ! have haproxy || ! have rsync || [ ! -e /usr/lib/galera/libgalera_smm.so ]; then
	apt-get update -q >/dev/null
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends \
		mariadb-server galera-4 haproxy rsync >/dev/null
fi

dir=$(mktemp -d /tmp/cluster.XXXXXX)
pids=
finish() {
	status=$?
	if [ "$status" != 0 ]; then
		grep -hE 'ERROR|rror:' "$dir"/node*/log | tail -n 20 >&2
		tail -n 3 "$dir"/node*/log >&2
	fi
	for p in $pids; do kill -9 "$p" 2>/dev/null || true; done
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# query N SQL: runs SQL on node N
query() { mariadb --no-defaults -uroot -S "$dir/node$1/s" -Nse "$2"; }

# node N [ARGUMENTS]: starts a node that serves clients on port 1400N and the other nodes on 1410N
node() {
	n=$1
	shift
	at=$dir/node$n
	mariadbd --no-defaults --user=mysql --datadir="$at/data" --tmpdir="$at" --socket="$at/s" --pid-file="$at/pid" \
		--port="1400$n" --bind-address=127.0.0.1 \
		--skip-name-resolve --binlog-format=ROW --innodb-autoinc-lock-mode=2 --innodb-flush-log-at-trx-commit=0 \
		--innodb-buffer-pool-size=256M \
		--wsrep-on=ON --wsrep-provider=/usr/lib/galera/libgalera_smm.so --wsrep-cluster-name=carstock-test \
		--wsrep-node-name="node$n" \
		--wsrep-node-address="127.0.0.1:1410$n" \
		--wsrep-cluster-address="gcomm://127.0.0.1:14101,127.0.0.1:14102,127.0.0.1:14103" \
		--wsrep-provider-options="base_port=1410$n;ist.recv_addr=127.0.0.1:1420$n" "$@" >>"$at/log" 2>&1 &
	pids="$pids $!"
	for _ in $(seq 120); do
		case $(query "$n" "SHOW STATUS LIKE 'wsrep_local_state_comment'" 2>/dev/null || true) in *Synced) return ;; esac
		sleep 0.5
	done
	echo "test-cluster: node $n did not join the cluster" >&2
	exit 1
}

# The other nodes start as copies of the first, so that they have nothing to transfer from it.
mkdir -p "$dir/node1/data" "$dir/node2" "$dir/node3"
chown -R mysql "$dir" # files of root would not be writable for the nodes
mariadb-install-db --no-defaults --user=mysql --auth-root-authentication-method=normal --skip-test-db \
	--datadir="$dir/node1/data" >/dev/null 2>&1
node 1 --wsrep-new-cluster
query 1 "CREATE USER tester@'127.0.0.1' IDENTIFIED BY 'tester';
	GRANT ALL ON *.* TO tester@'127.0.0.1' WITH GRANT OPTION; CREATE USER haproxy@'127.0.0.1'"
query 1 SHUTDOWN
wait
for n in 2 3; do cp -pr "$dir/node1/data" "$dir/node$n/"; done
node 1 --wsrep-new-cluster
node 2
node 3
echo "test-cluster: $(query 1 "SHOW STATUS LIKE 'wsrep_cluster_size'")"

cat > "$dir/haproxy.cfg" <<'H'
defaults
	mode tcp
	timeout connect 2s
	timeout client 10m
	timeout server 10m
	retries 3
	option redispatch 1
listen mysql
	bind 127.0.0.1:14000
	option mysql-check user haproxy
	default-server inter 500ms fall 2 rise 2 observe layer4 error-limit 1
	default-server on-marked-down shutdown-sessions on-error mark-down
	server node1 127.0.0.1:14001 check
	server node2 127.0.0.1:14002 check backup
	server node3 127.0.0.1:14003 check backup
H
haproxy -db -f "$dir/haproxy.cfg" >"$dir/haproxy.log" 2>&1 &
pids="$pids $!"
sleep 2

export TEST_MYSQL_DSN="tester:tester@tcp(127.0.0.1:14000)/" CLUSTER_PID="$(cat "$dir/node1/pid")"
go test -count=1 -timeout 20m -run "${CLUSTER_TESTS:-Sync|Search|Facets|Pages|LargeValues|MCP}" carstock/services/e2e
go test -count=1 -timeout 20m -tags "cluster,sqlite_fts5,sqlite_math_functions" -run TestNodeKilled -v \
	carstock/services/e2e | grep -v '^=== '
