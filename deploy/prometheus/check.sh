#!/bin/sh
# Validates the configuration and the alerts with promtool, and runs the tests of the alerts. As root on Debian and
# Ubuntu it installs promtool. Elsewhere it skips the check without promtool, except in CI.
set -eu
cd "$(dirname "$0")"
have() { command -v "$1" >/dev/null 2>&1; }
if ! have promtool && [ "$(id -u)" = 0 ] && have apt-get; then
	echo "prometheus: installing promtool" >&2
	apt-get update -q >/dev/null || true
	# The package's server would only occupy port 9090.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends prometheus >/dev/null || true
fi
if ! have promtool; then
	echo "prometheus: no promtool here: the alerts are not checked" >&2
	[ -z "${CI:-}" ]
	exit
fi
promtool check config prometheus.yml
promtool test rules alerts_test.yml
