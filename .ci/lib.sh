# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The oldest Rust that builds Hilum, as Cargo.toml says it.
MINIMUM_RUST=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

if [ -t 1 ]; then BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' RED='' PLAIN=''; fi

say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*"; }
note() { printf '    %s\n' "$*"; }
fail() {
    printf '%serror:%s %s\n' "$RED$BOLD" "$PLAIN" "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo" "run as root: $*"
    fi
}

# install_packages WHY PACKAGE...: installs the Debian packages that are missing, and says which.
install_packages() {
    local why=$1 missing=() package
    shift
    if ! command -v dpkg-query >/dev/null; then
        say "This is not Debian: make sure that you have $why: $*"
        return
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
            missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    say "Installing $why with apt-get: ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

rust_is_new_enough() {
    local have
    have=$(cargo --version 2>/dev/null | cut -d' ' -f2) && [ -n "$have" ] &&
        [ "$(printf '%s\n' "$MINIMUM_RUST" "${have%%-*}" | sort -V | head -n1)" = "$MINIMUM_RUST" ]
}

# Puts a new enough cargo on the PATH, by rustup where it is missing or too old.
need_rust() {
    if rust_is_new_enough; then return; fi
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    if rust_is_new_enough; then return; fi
    if command -v rustup >/dev/null; then
        say "Hilum needs Rust $MINIMUM_RUST or newer: updating the stable toolchain with rustup"
        rustup toolchain install stable --profile minimal && rustup default stable ||
            fail "Rust could not be updated" "update to Rust $MINIMUM_RUST or newer, then run again"
    else
        say "Installing Rust with rustup, from https://sh.rustup.rs, into ${CARGO_HOME:-$HOME/.cargo}"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --profile minimal --default-toolchain stable --no-modify-path ||
            fail "Rust could not be installed" "install Rust $MINIMUM_RUST or newer (https://rustup.rs), then run again"
    fi
    hash -r
    rust_is_new_enough ||
        fail "Hilum needs Rust $MINIMUM_RUST or newer, found: $(cargo --version 2>&1 | head -n1)"
}

# What a build needs: a C compiler and linker, libpq for PostgreSQL, curl and certificates for rustup.
setup_build() {
    install_packages "what the build needs" build-essential pkg-config libpq-dev ca-certificates curl
    need_rust
}

# What a build of the tests needs beside: samael, a second opinion on our SAML, links these libraries
# and reads their headers.
setup_tests_build() {
    setup_build
    install_packages "what building the tests needs" libssl-dev libxml2-dev libxmlsec1-dev clang \
        libclang-dev
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that nobody listens on, below the range that the kernel hands out by itself.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 12000))
        if ! listening "$port"; then
            echo "$port"
            return
        fi
    done
    fail "found no free port on 127.0.0.1"
}

random_word() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# wait_until WHAT SECONDS PID LOG COMMAND...: until COMMAND succeeds; fails at once when PID is gone.
wait_until() {
    local what=$1 deadline=$((SECONDS + $2)) pid=$3 log=$4 reported=$SECONDS
    shift 4
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "$pid" 2>/dev/null; then
            tail -n 20 "$log" >&2 || true
            fail "$what stopped while starting; its last words are above (all of it: $log)"
        fi
        if [ $SECONDS -ge $deadline ]; then
            tail -n 20 "$log" >&2 || true
            fail "$what is not ready yet; its last words are above (all of it: $log)"
        fi
        if [ $SECONDS -gt $((reported + 1)) ]; then
            note "waiting for $what ..."
            reported=$SECONDS
        fi
        sleep 0.1
    done
}

# The processes below PID, deepest last, wherever they moved their process group.
descendants() {
    local child
    for child in $(ps -o pid= --ppid "$1" 2>/dev/null); do
        echo "$child"
        descendants "$child"
    done
}

alive() {
    local pid
    for pid in "$@"; do if kill -0 "$pid" 2>/dev/null; then return 0; fi; done
    return 1
}

# stop_tree SIGNAL PID...: asks each process to stop, gives all of them ten seconds, then insists;
# takes with it what they left behind.
stop_tree() {
    local signal=$1 pid tree=() deadline=$((SECONDS + 10))
    shift
    for pid in "$@"; do
        mapfile -t -O ${#tree[@]} tree < <(echo "$pid"; descendants "$pid")
    done
    if [ ${#tree[@]} = 0 ]; then return; fi
    kill "-$signal" "$@" 2>/dev/null || true
    while alive "$@" && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    if alive "${tree[@]}"; then kill -KILL "${tree[@]}" 2>/dev/null || true; fi
    wait "$@" 2>/dev/null || true
}
