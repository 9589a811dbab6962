#!/bin/sh
# Makes this machine a node of a cluster: fetches the package from the controller, checks it, installs it, and lets the agent join.
#
# `muster-controller nodes import-command` prints the line that runs this. The join token comes on standard input, so that no list of
# processes shows it. All of this is one compound command: of a download that broke off, nothing runs.
{
set -eu
umask 077
# What a letter is does not depend on the language.
export LC_ALL=C

CONFIG=/etc/muster/config.d/50-controller.toml
TOKEN=/etc/credstore/muster-token
ENROLMENT=/var/lib/muster/enrolment.json
LEASE=/var/lib/muster-install/lease
ORDER=/var/lib/muster-install/order
DOCUMENTED='docs/packages.md of muster says more'

usage() {
    cat <<'END'
usage: install.sh --controller HOST:PORT --root-sha256 DIGEST [--root FILE] [options] <TOKEN
  --controller HOST:PORT  the controller
  --root FILE             its root certificate (root.pem here, or in the folder of --from)
  --root-sha256 DIGEST    SHA-256 of that file
  --from DIR              take manifest and packages from this folder, and fetch nothing
  --name NAME             what to call this node; its host name unless given
  --proxy URL             the HTTP proxy to the controller; https_proxy unless given
  --no-proxy LIST         what is reached without it; no_proxy unless given
  --wait SECONDS          how long to wait for the controller's answer (60)
END
}

say() { printf 'muster: %s\n' "$*" >&2; }

# What failed and why; then what to do.
die() {
    say "$1"
    shift
    for line in "$@"; do printf '        %s\n' "$line" >&2; done
    exit 1
}

parse() {
    controller='' root='' root_sha256='' from='' name='' patience=60
    proxy=${https_proxy:-${HTTPS_PROXY:-}} no_proxy=${no_proxy:-${NO_PROXY:-}}
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage && exit 0 ;;
        --controller | --root | --root-sha256 | --from | --name | --proxy | --no-proxy | --wait) ;;
        *) usage >&2 && exit 2 ;;
        esac
        [ $# -ge 2 ] || die "$1 wants a value" 'install.sh --help lists them'
        case $1 in
        --controller) controller=$2 ;;
        --root) root=$2 ;;
        --root-sha256) root_sha256=$2 ;;
        --from) from=$2 ;;
        --name) name=$2 ;;
        --proxy) proxy=$2 ;;
        --no-proxy) no_proxy=$2 ;;
        --wait) patience=$2 ;;
        esac
        shift 2
    done
    root=${root:-${from:-.}/root.pem}
    # These go into a configuration and onto command lines.
    only ']A-Za-z0-9.:_[-' "$controller" "the controller is HOST:PORT, not"
    case $controller in *?:*[0-9]) ;; *) die "the controller is HOST:PORT, not '$controller'" ;; esac
    only '0-9a-f' "$root_sha256" '--root-sha256 has 64 hexadecimal digits, not'
    [ ${#root_sha256} -eq 64 ] || die "--root-sha256 has 64 hexadecimal digits, not ${#root_sha256}"
    [ -z "$name" ] || only 'A-Za-z0-9._-' "$name" 'a name has letters, digits, dots, dashes, not'
    [ -z "$no_proxy" ] || only 'A-Za-z0-9.:/, -' "$no_proxy" 'no_proxy is a list of names and addresses, not'
    [ -z "$proxy" ] || only ']A-Za-z0-9.:/_@%[-' "$proxy" 'a proxy is http://HOST:PORT, not'
    only '0-9' "$patience" '--wait takes seconds, not'
}

# Refuses a value that is empty or has other characters.
only() { # characters value complaint
    case $2 in
    '' | *[!$1]*) die "$3 '$(printf %s "$2" | tr -cd '[:print:]')'" ;;
    esac
}

# Goes on as root. The token stays on standard input.
as_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    script=$(readlink -f "$0")
    [ -r "$script" ] || die 'this takes root' 'run it from a file, or as root'
    case $proxy in
    *@*) die 'others would see the password of the proxy' 'run this as root, with https_proxy set there' ;;
    ?*) set -- "$@" --proxy "$proxy" ;;
    esac
    [ -z "$no_proxy" ] || set -- "$@" --no-proxy "$no_proxy"
    for rise in sudo doas run0; do
        if has "$rise"; then
            say "going on as root, by $rise"
            exec "$rise" sh "$script" "$@"
        fi
    done
    die 'this takes root, and there is no sudo, doas or run0' 'run it as root'
}

has() { command -v "$1" >/dev/null 2>&1; }

need() {
    for tool in "$@"; do
        has "$tool" || die "$tool is missing" "install it, then run this again"
    done
}

check_machine() {
    # shellcheck disable=SC1091
    system=$(. /etc/os-release 2>/dev/null && printf '%s|%s' " ${ID:-} ${ID_LIKE:-} " "${PRETTY_NAME:-}") || system='|'
    called=${system#*|}
    case ${system%%|*} in
    *' debian '* | *' ubuntu '*) ;;
    *' rhel '* | *' fedora '* | *' centos '* | *' rocky '* | *' almalinux '*)
        die "$called installs rpms, and muster has none yet" "Debian, Ubuntu and what is made of them work; $DOCUMENTED" ;;
    *' suse '* | *' opensuse '* | *' sles '*)
        die "$called installs rpms by zypper, and muster has none yet" "Debian, Ubuntu and what is made of them work; $DOCUMENTED" ;;
    *) die "muster has no package for ${called:-this system}" "Debian, Ubuntu and what is made of them work; $DOCUMENTED" ;;
    esac
    [ -d /run/systemd/system ] || die 'systemd does not run this machine' 'the agent is a service of systemd'
    need dpkg apt-get sha256sum systemctl flock
    architecture=$(dpkg --print-architecture)
    case $architecture in
    amd64 | arm64) ;;
    *) die "muster has no package for $architecture" 'amd64 (x86-64) and arm64 (aarch64) work' ;;
    esac
}

read_token() {
    token=''
    [ -t 0 ] || IFS= read -r token || :
    case $token in
    '') [ -e "$ENROLMENT" ] || no_token ;;
    *[!A-Za-z0-9._-]*) no_token ;;
    mst1.*.*.*) ;;
    *) no_token ;;
    esac
}

no_token() {
    die 'there is no join token on standard input' 'muster-controller nodes import-command prints the whole line'
}

# On every way out.
# shellcheck disable=SC2317
leave() {
    status=$?
    trap - EXIT
    if [ "$wrote" = half ]; then
        take_back "$CONFIG" config
        take_back "$TOKEN" token
        say 'the configuration and the join token are as they were'
    fi
    rm -rf "$work"
    exit "$status"
}

# shellcheck disable=SC2317
take_back() { # file copy
    if [ -e "$work/$2" ]; then
        cp -p "$work/$2" "$1"
    else
        rm -f "$1"
    fi
}

make_workplace() {
    wrote=no
    work=$(mktemp -d)
    trap leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    mkdir "$work/none"
    cp "$root" "$work/root.pem" || die "cannot read the controller's root" 'run the whole line again'
    is_digest "$work/root.pem" "$root_sha256" ||
        die "$root is not the root of the controller that this line is for" 'get a new line: muster-controller nodes import-command'
}

is_digest() { # file digest
    printf '%s  %s\n' "$2" "$1" | sha256sum -c --status 2>/dev/null
}

# The pinned root is trusted, and nobody else: neither by the system's list nor by what a user set up.
fetch() { # path file
    if [ -n "$from" ]; then
        cp "$from/${1##*/}" "$work/$2" || die "$from has no ${1##*/}" "copy it from https://$controller/$1"
        return 0
    fi
    export https_proxy="$proxy" no_proxy
    if has curl; then
        curl -qfsS --retry 3 --connect-timeout 10 --cacert "$work/root.pem" --capath "$work/none" \
            -o "$work/$2" "https://$controller/$1" || unreached "$1"
    elif has wget; then
        wget --no-config -q --tries=3 --timeout=20 --ca-certificate="$work/root.pem" --ca-directory="$work/none" \
            -O "$work/$2" "https://$controller/$1" || unreached "$1"
    else
        die 'neither curl nor wget is here' 'apt-get install curl, then run this again'
    fi
}

unreached() {
    die "cannot fetch https://$controller/$1" \
        'not found: the controller has no packages; muster-controller nodes import-command says where they belong' \
        'no connection: is it reached from here by that name and port, or by a proxy (--proxy)?' \
        "certificate: another controller answers, or one of the clocks is wrong; here it is $(date -u '+%F %T') UTC"
}

# The list comes by a connection that the root vouches for. Its signature says the same of a copy that was carried here.
fetch_list() {
    fetch packages/manifest manifest
    sed '/^-----BEGIN /,$d' "$work/manifest" >"$work/list"
    if has openssl; then
        is_signed || die 'the list of packages is not signed by the controller' \
            'somebody changed it, or it was made long ago: fetch manifest and packages again'
    elif [ -n "$from" ]; then
        die 'openssl is missing, and without it a list from a folder cannot be trusted' 'apt-get install openssl, then run this again'
    fi
}

# By a key below the root that is for signing code: no node and no controller has one.
is_signed() {
    sed -n '/^-----BEGIN CERTIFICATE-----$/,$p' "$work/manifest" >"$work/chain.pem"
    sed -n '/^-----BEGIN MUSTER SIGNATURE-----$/,/^-----END MUSTER SIGNATURE-----$/p' "$work/manifest" |
        sed '/^-----/d' | base64 -d >"$work/signature" 2>/dev/null || return 1
    openssl verify -no-CApath -no-CAstore -CAfile "$work/root.pem" -untrusted "$work/chain.pem" "$work/chain.pem" >/dev/null 2>&1 || return 1
    openssl x509 -in "$work/chain.pem" -noout -ext extendedKeyUsage 2>/dev/null | grep -q '^ *Code Signing$' || return 1
    openssl x509 -in "$work/chain.pem" -noout -pubkey >"$work/key.pem" 2>/dev/null || return 1
    openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$work/list" >/dev/null 2>&1
}

# The newest for this machine.
choose_package() {
    file='' version='' sha256='' size='' offered=''
    exec 3<"$work/list"
    IFS= read -r schema <&3 || schema=''
    [ "$schema" = muster.packages/v1 ] || die 'the list of packages is of another version than this script' 'run the line of the same controller'
    while read -r its_sha256 its_size its_architecture its_version its_file <&3; do
        offered="$offered $its_architecture"
        [ "$its_architecture" = "$architecture" ] || continue
        [ -z "$version" ] || dpkg --compare-versions "$its_version" gt "$version" || continue
        file=$its_file version=$its_version sha256=$its_sha256 size=$its_size
    done
    exec 3<&-
    [ -n "$file" ] || die "the controller has no package for $architecture; it has:${offered:- none}" \
        'put one into its folder of packages'
    only 'A-Za-z0-9.+~_-' "$file" 'the list of packages names a file that is none:'
    only '0-9a-f' "$sha256" 'the list of packages has a digest that is none:'
}

# Whether the machine has that version or a newer one already.
is_installed() {
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' muster 2>/dev/null) || installed=''
    case $installed in
    ii*) dpkg --compare-versions "${installed##* }" ge "$version" ;;
    *) return 1 ;;
    esac
}

fetch_package() {
    fetch "packages/$file" "$file"
    is_digest "$work/$file" "$sha256" || die "$file is damaged or not the controller's: its SHA-256 is not that of the list" \
        'nothing was installed; run the line again'
}

# What muster itself installs on this machine is not disturbed, and begins nothing meanwhile.
wait_for_no_installation() {
    [ ! -e "$ORDER" ] || die 'an installation was begun on this machine, and muster-install.service goes on with it' \
        'wait for its end (muster install --follow), then run this again'
    [ -e "$LEASE" ] || return 0
    exec 9<"$LEASE"
    flock --shared --nonblock 9 || die "an installation runs on this machine: $(tr -cd '[:print:]' <"$LEASE" | head -c 200)" \
        'wait for its end (muster install --status), then run this again'
}

configuration() {
    printf '# Written by install.sh of muster; another file of this folder that comes later counts for more.\n'
    printf 'controllers = ["%s"]\n' "$controller"
    [ -z "$name" ] || printf 'name = "%s"\n' "$name"
    case $proxy in
    *@*) say 'the agent is not told of the proxy, which wants a password: set proxy and proxy_credentials_file in /etc/muster/config.toml' ;;
    ?*) printf 'proxy = "%s"\n' "$proxy" ;;
    esac
    [ -z "$no_proxy" ] || printf 'no_proxy = ["%s"]\n' "$no_proxy" | sed 's/ *, */", "/g'
}

# Whether anything is not as it was. The agent reads it when it starts.
configure() {
    configuration >"$work/new"
    if [ -e "$ENROLMENT" ] && ! cmp -s "$work/new" "$CONFIG"; then
        die 'this machine is a node already, and this line is for another controller or name' \
            'muster status says of which; muster reset makes it one that no controller has seen'
    fi
    if [ -e "$ENROLMENT" ]; then
        changed=no
        return 0
    fi
    changed=yes
    [ ! -e "$CONFIG" ] || cp -p "$CONFIG" "$work/config"
    [ ! -e "$TOKEN" ] || cp -p "$TOKEN" "$work/token"
    wrote=half
    [ -d /etc/muster ] || mkdir -m 755 /etc/muster
    [ -d "${CONFIG%/*}" ] || mkdir -m 755 "${CONFIG%/*}"
    [ -d "${TOKEN%/*}" ] || mkdir -m 700 "${TOKEN%/*}"
    put "$CONFIG" 644 <"$work/new"
    printf '%s\n' "$token" | put "$TOKEN" 600
}

# Wholly there or not at all.
put() { # file mode
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

install_package() {
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    # Apt reads as root: the folder is nobody else's.
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 \
        --no-install-recommends install "$work/$file" >"$work/log" 2>&1 </dev/null || {
        tail -n 20 "$work/log" >&2
        die "$file cannot be installed; what apt-get says is above" 'put that right, then run the line again'
    }
}

start() {
    systemctl -q enable muster-agent.service
    if [ "$changed" = yes ] && [ "$fresh" = no ]; then
        systemctl restart muster-agent.service
    else
        systemctl start muster-agent.service
    fi
}

# A line of JSON of the agent's status.
field() { # key
    printf '%s\n' "$seen" | sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}\$/\1/p" | head -n 1
}

wait_for_the_controller() {
    until=$(($(date +%s) + patience))
    while :; do
        seen=$(muster status -o json 2>/dev/null) || seen=''
        case $(field link) in
        connected)
            rm -f "$TOKEN"
            say "this machine is a node of $controller"
            say 'muster status shows how it is doing, and muster plan what its role wants to be installed'
            return 0 ;;
        pending)
            say "this machine waits to be accepted: $(field reason)"
            say "at the controller: muster-controller nodes accept ${name:-$(uname -n)}"
            return 0 ;;
        refused)
            rm -f "$TOKEN"
            die "the controller refuses this machine: $(field reason)" 'muster doctor says more; get a new line from the controller' ;;
        esac
        [ "$(date +%s)" -lt "$until" ] || die "the controller has not answered the agent within $patience s" \
            'the agent goes on trying: muster doctor looks for the cause, muster logs -f follows it'
        sleep 0.1
    done
}

main() {
    parse "$@"
    as_root "$@"
    check_machine
    read_token
    make_workplace
    say "asking $controller for its packages"
    fetch_list
    choose_package
    wait_for_no_installation
    fresh=no
    if is_installed; then
        say "muster ${installed##* } is installed"
        configure
    else
        say "fetching $file ($(((size + 1048575) / 1048576)) MiB)"
        fetch_package
        configure
        say "installing muster $version"
        [ -n "$installed" ] || fresh=yes
        install_package
    fi
    wrote=all
    [ -S /run/dbus/system_bus_socket ] || say 'without dbus the agent starts no workloads: apt-get install dbus'
    say 'starting the agent'
    start
    wait_for_the_controller
}

main "$@"
exit
}
