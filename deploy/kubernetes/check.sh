#!/bin/sh
# Builds the base and the overlays, and holds each to the schemas of Kubernetes and of the Prometheus
# Operator, strictly: an unknown field is a mistake. Then it looks for what no schema knows. Needs Go and
# its module proxy alone; the first time the tools are compiled, which takes minutes.
set -eu
cd "$(dirname "$0")"
kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
validate=sigs.k8s.io/kubectl-validate@v0.0.4
operator=github.com/prometheus-operator/prometheus-operator@v0.85.0 # its module has the CRDs
version=1.30                                                        # the newest that kubectl-validate holds
export GOWORK=off GOFLAGS=-mod=mod

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "kubernetes: $*" >&2; exit 1; }
# quietly COMMAND...: what it prints is shown only if it fails
quietly() { "$@" > "$tmp/log" 2>&1 || { cat "$tmp/log" >&2; return 1; }; }

# Built once: `go run` of either would link it for each overlay again.
quietly env GOBIN="$tmp" go install "$kustomize"
quietly env GOBIN="$tmp" go install "$validate"
crds=$(go mod download -json "$operator" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')/example/prometheus-operator-crd
mkdir "$tmp/crds"
cp "$crds/monitoring.coreos.com_servicemonitors.yaml" "$tmp/crds"

# Every setting is one of the programs', but for the users and passwords that differ between them.
for name in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' base/carstock.env); do
	grep -q "^${name#*R_DB_}=\|^DB_${name#*_DB_}=\|^$name=" ../../.env.example || fail "base/carstock.env: $name is no setting"
done

for dir in base overlays/sidecar overlays/cronjob; do
	all=$tmp/$(basename "$dir").yaml
	"$tmp/kustomize" build "$dir" > "$all" || fail "$dir cannot be built"
	quietly "$tmp/kubectl-validate" --version "$version" --local-crds "$tmp/crds" "$all" || fail "$dir does not fit the schemas"
	# One document a line, to look into single ones.
	awk -v RS='\n---\n' '{ gsub(/\n/, "\t"); print }' "$all" > "$tmp/lines"
	if grep '	kind: ConfigMap	' "$tmp/lines" | tr '\t' '\n' | grep -E '_PASSWORD:|API_KEYS?:|_TOKEN:|(NOTIFY|PING)_URL:'; then
		fail "$dir: a secret is in the ConfigMap: base/kustomization.yaml must remove it"
	fi
	for name in $(sed -n 's/^ *- name: \([A-Z][A-Z_]*\)$/\1/p' "$all" | sort -u); do
		grep -q "^$name=" ../../.env.example || fail "$dir: $name is no setting"
	done
	if grep -n 'image: carstock/[a-z]*$' "$all"; then fail "$dir: an image without a tag"; fi
	echo "$dir: $(grep -c '^kind:' "$all") objects are as Kubernetes $version wants them"
done
