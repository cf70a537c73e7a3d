#!/usr/bin/env bash
# Starts `athenzd dev` on free ports in a new home and drives it with the unmodified Athenz tools:
# the journeys named, or those that every change must pass. Prints a line each. The program is in
# BINARIES, or is built (release).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
target=${BINARIES:-${CARGO_TARGET_DIR:-$PWD/target}/release}
[ -n "${BINARIES:-}" ] || cargo build --release --quiet --bins || exit 1
home=$(mktemp -d)
free() { python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])'; }
zms=$(free) zts=$(free)
"$target/athenzd" dev --home "$home/world" --zms "127.0.0.1:$zms" --zts "127.0.0.1:$zts" >"$home/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$home"' EXIT
for _ in $(seq 200); do [ -e "$home/world/ready" ] && break; sleep 0.05; done
[ -e "$home/world/ready" ] || { tail -3 "$home/log"; echo "athenzd dev did not become ready"; exit 1; }
export ZMS="https://localhost:$zms" ZTS="https://localhost:$zts" PKI="$home/world/pki" BIN=${BIN:-$HOME/.cache/athenz-tools}
python3 -c 'import cryptography' 2>/dev/null || pip install -q cryptography
bash "$here/install.sh" >"$home/install.log" 2>&1 || { cat "$home/install.log"; exit 1; }
status=0
for journey in "${@:-tutorial zts-tools zpu zms-cli sia}"; do
  for name in $journey; do
    if bash "$here/$name.sh" >"$home/$name.log" 2>&1; then
      printf 'ok     %s: %s\n' "$name" "$(tail -1 "$home/$name.log")"
    else
      status=1
      printf 'FAILED %s: %s\n' "$name" "$(tail -1 "$home/$name.log")"
      grep -A6 '^FAIL' "$home/$name.log" | head -60
    fi
  done
done
exit $status
