#!/bin/sh
# Builds the base, the overlays and monitoring, and validates each strictly against the schemas of Kubernetes and of the
# Prometheus Operator: an unknown field is an error. Then it checks what no schema knows. It needs only Go and its module
# proxy.
set -eu
cd "$(dirname "$0")"
kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
kubeconform=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
# Modules that hold schemas. The first is a validator too, but takes four times as long to compile, and
# refuses long values of Secrets.
openapi=sigs.k8s.io/kubectl-validate@v0.0.4
operator=github.com/prometheus-operator/prometheus-operator@v0.85.0
version=1.30 # the newest of openapi's
export GOWORK=off GOFLAGS=-mod=mod CGO_ENABLED=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "kubernetes: $*" >&2; exit 1; }
# quietly COMMAND...: shows the output of the command only if it fails
quietly() { "$@" > "$tmp/log" 2>&1 || { cat "$tmp/log" >&2; return 1; }; }
# folder MODULE@VERSION: prints the folder of a module
folder() { go mod download -json "$1" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p'; }

quietly env GOBIN="$tmp" go install "$kustomize"
quietly env GOBIN="$tmp" go install "$kubeconform"
mkdir "$tmp/schemas"
find "$(folder "$openapi")/pkg/openapiclient/builtins/$version" -name '*.json' > "$tmp/files"
echo "$(folder "$operator")/jsonnet/prometheus-operator/servicemonitors-crd.json" >> "$tmp/files"
xargs go run schemas.go "$tmp/schemas" < "$tmp/files"

# Every name is a setting of the programs, except users and passwords, which have the program's name before them.
for name in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' base/carstock.env); do
	case $name in CARAPI_DB_* | SYNCER_DB_*) name=DB_${name#*_DB_} ;; esac
	grep -q "^$name=" ../../.env.example || fail "base/carstock.env: $name is no setting"
done

for dir in base overlays/sidecar overlays/cronjob monitoring; do
	all=$tmp/$(basename "$dir").yaml
	"$tmp/kustomize" build "$dir" > "$all" || fail "$dir cannot be built"
	quietly "$tmp/kubeconform" -strict \
		-schema-location "$tmp/schemas/{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json" "$all" ||
		fail "$dir does not fit the schemas"
	for name in $(sed -n 's/^ *\(- \)*name: \([A-Z][A-Z_]*\)$/\2/p' "$all" | sort -u); do
		grep -q "^$name=" ../../.env.example || fail "$dir: $name is no setting"
	done
	# The ConfigMap's data must have no secret.
	if awk '
		/^---$/ { data = 0 }
		/^data:$/ { data = 1; text = "" }
		data { text = text $0 "\n" }
		/^kind: ConfigMap$/ { printf "%s", text }' "$all" |
		grep -E '(_PASSWORD|API_KEYS?|_TOKEN|NOTIFY_URL|PING_URL):'; then
		fail "$dir: a secret is in the ConfigMap: base/kustomization.yaml must remove it"
	fi
	if grep -n 'image: [^:]*$' "$all"; then fail "$dir: an image without a tag"; fi
	echo "$dir: $(grep -c '^kind:' "$all") objects are valid for Kubernetes $version"
done
