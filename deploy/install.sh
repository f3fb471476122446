#!/bin/sh
# Installs what Cairn needs from the distribution and is not there yet. Nothing to do: it says nothing.
#
#   deploy/install.sh          to build and run: a C linker, Postgres 15+, RabbitMQ
#   deploy/install.sh test     to test as well: cargo-nextest, into .cairn/tools
#   deploy/install.sh check    to check as well: docker-compose, which reads docker-compose.yml; no Docker
#   deploy/install.sh bench    to measure as well: nginx, wrk (pgbench comes with Postgres)
#
# A server that is named by CAIRN_DATABASE_URL or CAIRN_AMQP_URL is not installed.
set -eu
cd "$(dirname "$0")/.."

postgres_oldest=15
# Builds with the Rust version that the workspace asks for; a newer one may not.
nextest_version=0.9.143
log=.cairn/log/install.log

say() { printf '  %-10s %s\n' install "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# The newest Postgres whose server is installed; 0 for none.
postgres_version() {
    newest=0
    for server in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$server" ] || continue
        version=${server#/usr/lib/postgresql/}
        version=${version%%/*}
        case $version in *[!0-9]*) continue ;; esac
        [ "$version" -le "$newest" ] || newest=$version
    done
    echo "$newest"
}

postgres_is_there() {
    [ -n "${CAIRN_DATABASE_URL:-}" ] || [ "$(postgres_version)" -ge "$postgres_oldest" ]
}

rabbitmq_is_there() {
    [ -n "${CAIRN_AMQP_URL:-}" ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || has rabbitmq-server
}

rabbitmq_is_old() {
    for dir in /usr/lib/rabbitmq/lib/rabbitmq_server-*; do
        case ${dir##*-} in [0-2].* | 3.[0-9].*) return 0 ;; esac
    done
    return 1
}

# The packages that are missing for the purposes given as arguments.
missing_packages() {
    { has cc && [ -e /usr/include/stdio.h ]; } || echo gcc libc6-dev
    has make || echo make
    # Starts the servers as another user and ties them to their parent.
    has setpriv || echo util-linux
    postgres_is_there || echo postgresql
    rabbitmq_is_there || echo rabbitmq-server
    for purpose in "$@"; do
        case $purpose in
        bench)
            { has nginx || [ -x /usr/sbin/nginx ]; } || echo nginx-light
            has wrk || echo wrk
            ;;
        check) docker compose version >/dev/null 2>&1 || has docker-compose || echo docker-compose ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# A package's own service would take the standard port at once. Debian asks this file before it starts one; 101 is "no".
policy=/usr/sbin/policy-rc.d
forbid_services() {
    # The machine has a policy already: that of a container, which says no as well.
    [ ! -e "$policy" ] || return 0
    trap allow_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}
allow_services() {
    as_root rm -f "$policy"
}

# What apt says goes into the log; a line per package to the terminal, because it takes minutes.
apt() {
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@" </dev/null 2>&1 \
            && echo 'apt is done'
    } | tee -a "$log" | sed -n -e 's/^Setting up \([^ ]*\).*/             \1/p' >&2
    [ "$(tail -n 1 "$log")" = 'apt is done' ]
}

# Those of the packages whose service would start at the next boot only because we brought it along. One that the
# machine has already stays as it is.
new_services() {
    has systemctl || return 0
    for package in "$@"; do
        case $package in
        postgresql | rabbitmq-server) systemctl cat "$package.service" >/dev/null 2>&1 || echo "$package" ;;
        esac
    done
}

install_packages() {
    [ $# -gt 0 ] || return 0
    has apt-get || die "needs these Debian packages or their like, and finds no apt-get: $*"
    if [ "$(id -u)" != 0 ] && ! { has sudo && { sudo -n true 2>/dev/null || sudo -v; }; }; then
        die "may not install packages; ask the administrator for: apt-get install $*"
    fi
    say "missing: $*; installing, which takes a few minutes (log in $log)"
    : >"$log"
    unwanted=$(new_services "$@")
    forbid_services
    # An installation that was interrupted before stands in the way of this one.
    as_root dpkg --configure -a >>"$log" 2>&1 </dev/null || true
    # The lists may be empty (a fresh image) or older than the archive; one update mends both.
    if ! { apt-cache show "$@" >/dev/null 2>&1 && apt install --no-install-recommends "$@"; }; then
        say "fetching the distribution's package lists"
        apt update || say "the lists could not be fetched; trying without"
        apt install --no-install-recommends "$@" || { tail -n 15 "$log" >&2; die "apt-get failed, see above"; }
    fi
    for service in $unwanted; do
        as_root systemctl disable "$service" >>"$log" 2>&1 || continue
        say "the machine's own $service service stays off; \`systemctl enable --now $service\` switches it on"
    done
}

install_nextest() {
    PATH=$PWD/.cairn/tools/bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    has cargo-nextest && return
    say "building cargo-nextest into .cairn/tools, once; this takes a few minutes"
    cargo install cargo-nextest --version "$nextest_version" --locked --root .cairn/tools \
        --no-default-features --features default-no-update
}

for purpose in "$@"; do
    case $purpose in
    test | check | bench) ;;
    *) die "knows no \`$purpose\`; say test, check or bench, or nothing" ;;
    esac
done
mkdir -p .cairn/log

# Words on purpose: one package each.
# shellcheck disable=SC2046
install_packages $(missing_packages "$@")
postgres_is_there || die "this distribution's Postgres is older than $postgres_oldest; install a newer one" \
    "(https://apt.postgresql.org has them) or set CAIRN_DATABASE_URL"
[ -n "${CAIRN_AMQP_URL:-}" ] || ! rabbitmq_is_old || die "this distribution's RabbitMQ is older than 3.10; install a" \
    "newer one (https://www.rabbitmq.com/docs/install-debian) or set CAIRN_AMQP_URL"
for purpose in "$@"; do
    [ "$purpose" != test ] || install_nextest
done
