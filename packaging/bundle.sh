#!/bin/sh
# As oneline.sh, for a folder that was carried to the machine: the script counts when its digest is the one that was told.
set -eu
cd "$1"
echo "$2  install.sh" | sha256sum -c >/dev/null 2>&1 || { echo "muster: install.sh in $1 is not that of the controller that this line is for" >&2; exit 1; }
shift 2
sh ./install.sh --from . "$@"
