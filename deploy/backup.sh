#!/bin/sh
# Copies a data folder while Atelier runs: deploy/backup.sh DATA TARGET
set -eu
data=$1 target=$2
mkdir -p "$target"
# The database as of one moment first; every asset it names is on disk by then.
rm -f "$target/atelier.db"
sqlite3 "$data/atelier.db" "VACUUM INTO '$target/atelier.db'"
cp -R -u "$data/assets" "$target/"
