#!/bin/sh
# Writes the output of each program's settings command into its page, between two marks. With --check it only compares
# them, and then checks all pages with deploy/docs.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/" ./services/syncer ./services/carapi

for program in syncer carapi; do
	page=services/$program/README.md
	{
		sed '/^<!-- settings -->$/q' "$page"
		printf '| variable | default | meaning |\n|---|---|---|\n'
		"$tmp/$program" settings
		sed -n '/^<!-- end of settings -->$/,$p' "$page"
	} > "$tmp/page"
	if [ "${1:-}" != --check ]; then
		cat "$tmp/page" > "$page"
	elif ! diff -u "$page" "$tmp/page"; then
		echo "the settings in $page are out of date; run make docs" >&2
		exit 1
	fi
done

if [ "${1:-}" = --check ]; then
	(cd deploy/docs && GOWORK=off GOFLAGS= go run . ../.. "$tmp")
fi
