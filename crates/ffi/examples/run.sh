#!/bin/sh
# Builds and runs the examples, each against the batch in `batch/`:
#
#     crates/ffi/examples/run.sh [c] [cpp] [go] [java] [node]
#
# Without a name, all of them. EVENTSIEVE_PREFIX is where `install.sh` has put the library; it is installed under the
# target folder otherwise. Installs no toolchain: what is missing is named, with `skipped:` before it. Ends with 1 if an
# example fails.
set -u

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$(cd "$here/../../.." && pwd)/target}
prefix=${EVENTSIEVE_PREFIX:-}
if [ -z "$prefix" ]; then
    prefix=$target/eventsieve-prefix
    "$here/../install.sh" "$prefix" || exit 1
fi
if ! [ -f "$prefix/include/eventsieve.h" ]; then
    echo "the library is not installed in $prefix; run install.sh $prefix" >&2
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
failed=0

has() { command -v "$1" >/dev/null 2>&1; }
skip() { echo "skipped: $1"; }
# The flags that pkg-config would give, which not every machine has.
flags="-I$prefix/include -L$prefix/lib -leventsieve"

run_c() {
    if ! has gcc; then skip "c: gcc is missing; apt-get install gcc libc6-dev"; return; fi
    # shellcheck disable=SC2086
    gcc -std=c11 -Wall -Wextra -Wpedantic -Werror "$here/c/filter.c" $flags -o "$work/c" && "$work/c" "$here/batch"
}

run_cpp() {
    if ! has g++; then skip "cpp: g++ is missing; apt-get install g++"; return; fi
    # shellcheck disable=SC2086
    g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$here/cpp/filter.cpp" $flags -o "$work/cpp" &&
        "$work/cpp" "$here/batch"
}

run_go() {
    if ! has go; then skip "go: go is missing; apt-get install golang-go"; return; fi
    if ! has gcc; then skip "go: cgo needs gcc; apt-get install gcc libc6-dev"; return; fi
    if ! has pkg-config; then skip "go: pkg-config is missing; apt-get install pkg-config"; return; fi
    (cd "$here/go" && GOFLAGS=-mod=mod GOPROXY=off go build -o "$work/go" . && "$work/go" "$here/batch")
}

run_java() {
    if ! has javac; then skip "java: javac is missing; apt-get install default-jdk-headless"; return; fi
    if ! has gcc; then skip "java: the native methods need gcc; apt-get install gcc libc6-dev"; return; fi
    home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
    if ! [ -f "$home/include/jni.h" ]; then skip "java: jni.h is missing in $home/include"; return; fi
    mkdir -p "$work/java"
    # shellcheck disable=SC2086
    gcc -std=c11 -Wall -Wextra -Werror -shared -fPIC -I"$home/include" -I"$home/include/linux" \
        "$here/java/eventsieve_jni.c" $flags -o "$work/java/libeventsieve_jni.so" &&
        javac -Xlint:all -Werror -d "$work/java" "$here/java/Sieve.java" "$here/java/Filter.java" &&
        java -Xcheck:jni -cp "$work/java" -Djava.library.path="$work/java" Filter "$here/batch"
}

run_node() {
    if ! has node; then skip "node: node is missing; apt-get install nodejs npm"; return; fi
    if ! [ -d "$here/node/node_modules/koffi" ]; then
        skip "node: koffi is missing; (cd $here/node && npm ci)"
        return
    fi
    EVENTSIEVE_LIBRARY=$prefix/lib/libeventsieve.so.0 node "$here/node/filter.js" "$here/batch"
}

[ $# -gt 0 ] || set -- c cpp go java node
for language in "$@"; do
    case $language in
        c | cpp | go | java | node) "run_$language" || { echo "failed: $language" >&2; failed=1; } ;;
        *) echo "no example in $language; there are c, cpp, go, java, node" >&2; exit 2 ;;
    esac
done
exit $failed
