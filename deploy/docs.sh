#!/bin/sh
# Writes the table of settings into README.md, between its two marks, as the programs tell it. With --check
# it only says whether the table is as it should be, and the messages under Troubleshooting those of the programs.
set -eu
cd "$(dirname "$0")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
settings() {
	printf '| variable | default | |\n|---|---|---|\n'
	# The database's are the same of both.
	{ go run ./services/syncer settings; go run ./services/carapi settings; } | awk -F '|' '!seen[$2]++'
}
{
	sed '/^<!-- settings -->$/q' README.md
	settings
	sed -n '/^<!-- end of settings -->$/,$p' README.md
} > "$new"
if [ "${1:-}" != --check ]; then
	cat "$new" > README.md
	exit
fi
if ! diff -u README.md "$new"; then
	echo "the settings in README.md are not what the programs read: make docs" >&2
	exit 1
fi
sed -n '/^## Troubleshooting/,/^## Layout/p' README.md | grep '^| ' | grep -v 'of another program' | cut -d '|' -f 2 | grep -o '`[^`]*`' | tr -d '`' | sed 's/^% //' |
	while read -r message; do
		grep -rqF --include='*.go' -- "$message" pkg services || { echo "README.md: no program says: $message" >&2; exit 1; }
	done
