#!/bin/sh
# Follows systemd/README.md in a container with Debian 12, systemd, MariaDB and cron, with the commands of the page.
# It boots the container three times, to see that services and a missed run of the timer come back. Needs Debian's
# debootstrap and systemd-container, which the script installs as root if they are missing.
set -eu
cd "$(dirname "$0")/.."
if ! command -v debootstrap >/dev/null 2>&1 || ! command -v systemd-nspawn >/dev/null 2>&1; then
	apt-get update -q >/dev/null
	DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends debootstrap systemd-container >/dev/null
fi

dir=$(mktemp -d /var/tmp/carstock.XXXXXX)
debian=$dir/debian
nspawn=
finish() {
	status=$?
	trap - EXIT INT TERM
	if [ "$status" != 0 ] && [ -n "$nspawn" ]; then
		inside 'journalctl --no-pager -u syncer -u syncer-once -u carapi -u cron -n 40 -o cat' >&2 || true
	fi
	shut_down
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# inside COMMANDS: runs them as root in the container, in a folder with the deploy folder of the repository
inside() {
	leader=$(cat "/proc/$nspawn/task/$nspawn/children")
	nsenter --target "${leader%% *}" --all env -i LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -euc "cd /srv/carstock; $1"
}

boot() {
	systemd-nspawn --quiet --register=no --keep-unit --private-network --console=pipe --boot --directory="$debian" \
		< /dev/null > "$dir/console" 2>&1 &
	nspawn=$!
	await 60 'the system runs' 'systemctl is-system-running --quiet'
}

shut_down() {
	if [ -n "$nspawn" ]; then
		kill "$nspawn" 2>/dev/null || true # shuts the container down in order
		wait "$nspawn" || true
	fi
	nspawn=
}

# await SECONDS WHAT COMMANDS: waits until the commands succeed in the container
await() {
	tries=$(($1 * 2))
	until inside "$3" > "$dir/out" 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			echo "test-systemd: not so after $1 seconds: $2" >&2
			cat "$dir/out" >&2
			exit 1
		fi
		sleep 0.5
	done
	echo "test-systemd: $2"
}

# block PAGE N: the Nth block of sh on a page
block() {
	awk -v n="$2" '/^```/ { inside = $0 == "```sh" && ++seen == n; next } inside' "$1"
}
page() { block deploy/systemd/README.md "$1"; }

echo "test-systemd: building the programs, and installing Debian 12 in $debian"
go build -o "$dir/" ./services/syncer ./services/carapi
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,cron,curl,mariadb-server bookworm "$debian" \
	> "$dir/debootstrap.log" 2>&1 || { tail -n 20 "$dir/debootstrap.log" >&2; exit 1; }
install "$dir/syncer" "$dir/carapi" "$debian/usr/local/bin"
mkdir "$debian/srv/carstock" && cp -R deploy "$debian/srv/carstock/"
boot
inside "cd deploy/mysql; $(block deploy/mysql/README.md 1)"

# The services, with nothing changed in the examples except the host.
inside "$(page 1)"
inside 'umask 077
	for program in syncer carapi; do
		sed "s/^DB_HOST=.*/DB_HOST=127.0.0.1/" deploy/systemd/$program.env.example > /etc/carstock/$program.env
		echo $program-demo > /etc/carstock/$program-password
	done
	carapi key new partner > /srv/key
	sed -n "s/^ *\(partner=\)/\1/p" /srv/key > /etc/carstock/api-keys
	chgrp carstock /etc/carstock/api-keys && chmod 640 /etc/carstock/api-keys'
inside "$(page 2)" > "$dir/checked"
inside "$(page 3)"
await 30 'both programs have what they need' "$(page 2 | grep '^export'); $(page 4)"
search='curl --fail --silent --header "X-API-Key: $(sed -n "3s/ *//p" /srv/key)" http://127.0.0.1:8080/cars/?limit=1'
await 5 'carapi answers from MySQL' "$search | grep '\"source\":\"live\"'"
inside 'systemctl reload syncer'
await 10 'a reload starts a run' 'test "$(journalctl -u syncer -o cat | grep -c "\"published\"")" = 2'

inside 'systemctl stop mariadb.socket mariadb'
await 10 'carapi, which is another user, answers from the file' "$search | grep '\"source\":\"snapshot\"'"
inside 'systemctl start mariadb'

for program in syncer carapi; do
	inside "systemctl kill --signal=KILL $program"
	await 20 "$program is restarted after it was killed" \
		"test \"\$(systemctl show --value -p NRestarts $program)\" = 1; systemctl is-active $program"
	inside "echo LOG_LEVEL=wrong >> /etc/carstock/$program.env; systemctl restart $program"
	await 5 "$program ends with wrong settings" "systemctl is-failed $program"
	sleep 12 # longer than RestartSec
	await 1 "$program is not restarted" \
		"systemctl show $program | grep -x ExecMainStatus=2; systemctl show $program | grep -x NRestarts=0"
	inside "sed -i '/wrong/d' /etc/carstock/$program.env; systemctl start $program"
done

shut_down
boot
await 30 'both programs come back when the machine starts' "$(page 2 | grep '^export'); $(page 4)"

# The timer.
inside "$(page 5)"
await 1 'the first run of the timer is made at once' 'systemctl show syncer-once | grep -x ExecMainStatus=0
	journalctl -u syncer-once -o cat | grep "published after"'
inside 'touch -d "1 hour ago" /var/lib/systemd/timers/stamp-syncer.timer'
shut_down
boot
await 120 'the timer makes up for a missed run' 'journalctl -b -u syncer-once -o cat | grep "published after"'

# cron, without what systemd made.
inside 'systemctl disable --now --quiet syncer.timer carapi; rm -rf /var/lib/carstock'
inside "$(page 6)"
inside 'printf "%s\n" SYNC_PATH=/var/lib/carstock/carstock.db DB_PASSWORD_FILE=/etc/carstock/syncer-password \
		>> /etc/carstock/syncer.env
	chgrp carstock /etc/carstock/syncer.* /etc/carstock/syncer-password
	chmod 640 /etc/carstock/syncer.* /etc/carstock/syncer-password
	sed -n "s/^\*\/15 /* /p" deploy/systemd/README.md > /etc/cron.d/carstock'
await 90 'cron makes a run' "$(page 2 | grep '^export'); syncer status"
