#!/usr/bin/env bash
# Installs PocketBase into a temporary folder, starts it on one core with an empty collection "people", compares Roster
# with it over POCKETBASE_USERS users, and removes everything again. Arguments go to `roster bench`.
set -euo pipefail

version=${POCKETBASE_VERSION:-v0.36.8}
port=${POCKETBASE_PORT:-8090}
roster=${ROSTER:-bin/roster}
url=http://127.0.0.1:$port
dir=$(mktemp -d)
server=

finish() {
	if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
	chmod -R u+w "$dir" && rm -rf "$dir"
}
trap finish EXIT

# From the module proxy, and out of this module's go.mod: the main module of `go install PACKAGE@VERSION` is PACKAGE's.
GOBIN=$dir go install "github.com/pocketbase/pocketbase/examples/base@$version"
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
"$dir/base" superuser upsert bench@example.com "$password" --dir "$dir/data" >/dev/null
pin=()
if command -v taskset >/dev/null; then pin=(taskset -c 0); fi
GOMAXPROCS=1 "${pin[@]}" "$dir/base" serve --http "127.0.0.1:$port" --dir "$dir/data" >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 100); do
	if curl -fsS "$url/api/health" >/dev/null 2>&1; then break; fi
	kill -0 "$server" || { cat "$dir/log" >&2; exit 1; }
	sleep 0.1
done

token=$(curl -fsS "$url/api/collections/_superusers/auth-with-password" -H 'Content-Type: application/json' \
	-d "{\"identity\":\"bench@example.com\",\"password\":\"$password\"}" | sed 's/.*"token":"\([^"]*\)".*/\1/')

# Empty rules let anybody list and create: PocketBase is spared the authentication that Roster does.
curl -fsS "$url/api/collections" -H "Authorization: $token" -H 'Content-Type: application/json' -o /dev/null -d '{
  "name": "people", "type": "base", "listRule": "", "createRule": "",
  "fields": [
    {"name": "identifier", "type": "text"}, {"name": "name", "type": "text"},
    {"name": "first_name", "type": "text"}, {"name": "last_name", "type": "text"},
    {"name": "email", "type": "text"}, {"name": "description", "type": "text"},
    {"name": "status", "type": "text"}, {"name": "user_type", "type": "text"}, {"name": "role", "type": "text"},
    {"name": "created_at", "type": "date"}, {"name": "updated_at", "type": "date"}
  ],
  "indexes": [
    "CREATE UNIQUE INDEX people_identifier ON people (identifier)", "CREATE INDEX people_email ON people (email)",
    "CREATE INDEX people_name ON people (name)", "CREATE INDEX people_created_at ON people (created_at)",
    "CREATE INDEX people_status ON people (status)"
  ]
}'
"$roster" bench --users "${POCKETBASE_USERS:-100000}" --only peers --against "pocketbase=$url,pid=$server" "$@"
