#!/bin/sh
# Holds the configuration and the alerts to promtool, and tries each alert. As root on Debian or Ubuntu promtool
# is installed if it is not there; elsewhere, but in CI, it may be missing.
set -eu
cd "$(dirname "$0")"
have() { command -v "$1" >/dev/null 2>&1; }
if ! have promtool && [ "$(id -u)" = 0 ] && have apt-get; then
	echo "prometheus: installing promtool" >&2
	apt-get update -q >/dev/null || true
	# The server in the package would only hold port 9090.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends prometheus >/dev/null || true
fi
if ! have promtool; then
	echo "prometheus: no promtool here: the alerts are not checked" >&2
	[ -z "${CI:-}" ]
	exit
fi
promtool check config prometheus.yml
promtool test rules alerts_test.yml
