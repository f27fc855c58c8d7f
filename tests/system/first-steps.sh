#!/usr/bin/env bash
# Take the README's first steps as a newcomer would: a fresh clone, an empty home, `make run`, its commands, its handler.
set -euo pipefail
source_folder=$(git rev-parse --show-toplevel)
folder=$(mktemp -d)
runner=
stop() {
  if [ -n "$runner" ]; then kill -TERM "$runner" 2>/dev/null || true; wait "$runner" 2>/dev/null || true; runner=; fi
}
cleanup() {
  stop
  rm -rf "$folder"
}
trap cleanup EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start() { # its log
  make run >"$1" 2>&1 &
  runner=$!
  for _ in $(seq 1800); do
    if curl -fs -o /dev/null "$url/health/ready" && grep -q ready "$1"; then return; fi
    if ! kill -0 "$runner" 2>/dev/null; then cat "$1"; exit 1; fi
    sleep 0.1
  done
  cat "$1"
  exit 1
}

rows() {
  python3 -c 'import sqlite3
print(sqlite3.connect("file:var/sluice.db?mode=ro", uri=True).execute("SELECT count(*) FROM events").fetchone()[0])'
}

wait_until() { # command …
  for _ in $(seq 100); do
    if "$@"; then return; fi
    sleep 0.1
  done
  echo "this did not happen: $*"
  tail -50 "$folder"/*.log
  exit 1
}

enough_rows() { [ "$(rows)" -ge 15 ]; }

git clone --quiet "$source_folder" "$folder/sluice"
mkdir "$folder/home"
cd "$folder/sluice"
export HOME="$folder/home"
SLUICE_PORT=$(free_port)
SLUICE_CONSOLE_PORT=$(free_port)
export SLUICE_PORT SLUICE_CONSOLE_PORT
url="http://127.0.0.1:$SLUICE_PORT"

start "$folder/run.log"
for sample in tests/support/payloads/page-*.json; do
  curl -fsS -X POST "$url/webhooks" --data @"$sample" >/dev/null
done
# Every command that README.md and docs/quick-start.md show, and those that need no more than a running Sluice.
{
  grep -ohE '^\.venv/bin/sluice [^#]*' README.md docs/quick-start.md
  printf '.venv/bin/sluice %s\n' "simulate --rate 50 --duration 2" "health web" "health worker" "events search" \
    "dead export" "replay --type text --dry-run"
} | sort -u >"$folder/commands"
while read -r command; do
  echo "\$ $command"
  bash -c "$command" </dev/null
done <"$folder/commands"
wait_until enough_rows
echo "first steps: $(rows) events stored"

stop
sed -n '/^```python$/,/^```$/p' README.md | sed '/^```/d' >my_handlers.py
export SLUICE_HANDLERS=my_handlers
start "$folder/handlers.log"
enough_rows
.venv/bin/sluice send text
wait_until grep -q ' wrote: ' "$folder/handlers.log"
echo "first steps: the README's handler was called"
