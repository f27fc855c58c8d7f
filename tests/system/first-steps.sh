#!/usr/bin/env bash
# The README's first steps as a newcomer takes them: a fresh clone, an empty home, `make run`, then curl.
set -euo pipefail
source_folder=$(git rev-parse --show-toplevel)
folder=$(mktemp -d)
runner=
cleanup() {
  if [ -n "$runner" ]; then kill -TERM "$runner" 2>/dev/null || true; wait "$runner" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap cleanup EXIT

git clone --quiet "$source_folder" "$folder/sluice"
mkdir "$folder/home"
cd "$folder/sluice"
export HOME="$folder/home"
SLUICE_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
SLUICE_CONSOLE_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SLUICE_PORT SLUICE_CONSOLE_PORT
make run >"$folder/run.log" 2>&1 &
runner=$!
url="http://127.0.0.1:$SLUICE_PORT"
for _ in $(seq 1800); do
  if curl -fs -o /dev/null "$url/health/ready" && grep -q ready "$folder/run.log"; then break; fi
  if ! kill -0 "$runner" 2>/dev/null; then cat "$folder/run.log"; exit 1; fi
  sleep 0.1
done

for sample in tests/support/payloads/page-*.json; do
  curl -fsS -X POST "$url/webhooks" --data @"$sample" >/dev/null
done
for command in "send" "send image" "send mixed" "simulate --rate 50 --duration 2" "status" "dead list" "health web" \
  "health worker" "events search" "doctor"; do
  # shellcheck disable=SC2086
  .venv/bin/sluice $command
done
for _ in $(seq 100); do
  rows=$(python3 -c 'import sqlite3; print(sqlite3.connect("file:var/sluice.db?mode=ro", uri=True).execute("SELECT count(*) FROM events").fetchone()[0])')
  if [ "$rows" -ge 15 ]; then echo "first steps: $rows events stored"; exit 0; fi
  sleep 0.1
done
echo "only $rows events were stored"; tail -50 "$folder/run.log"; exit 1
