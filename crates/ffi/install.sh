#!/bin/sh
# Builds the C library and installs it:
#
#     crates/ffi/install.sh PREFIX
#
# lays out
#
#     PREFIX/include/eventsieve.h, eventsieve.hpp
#     PREFIX/lib/libeventsieve.so -> libeventsieve.so.0 -> libeventsieve.so.VERSION, libeventsieve.a
#     PREFIX/lib/pkgconfig/eventsieve.pc                     cc main.c $(pkg-config --cflags --libs eventsieve)
#     PREFIX/lib/cmake/eventsieve/eventsieve-config.cmake    find_package(eventsieve); target eventsieve::eventsieve
#
# DESTDIR is put before PREFIX, for packages. CARGO_TARGET_DIR is where the build goes. BUILT names a folder that holds
# libeventsieve_ffi.so and libeventsieve_ffi.a already; nothing is built then. Needs a Rust toolchain; Linux and other
# ELF systems.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: install.sh PREFIX" >&2
    exit 2
fi
case $1 in
    /*) prefix=$1 ;;
    *) prefix=$(pwd)/$1 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${BUILT:-}" ]; then
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
    export CARGO_TARGET_DIR
    cargo build --release --locked --manifest-path "$root/Cargo.toml" --package eventsieve-ffi --lib
    BUILT=$CARGO_TARGET_DIR/release
fi

# The version has its home in Cargo.toml; the header was made from it.
version=$(sed -n 's/^#define EVENTSIEVE_VERSION "\(.*\)"$/\1/p' "$here/include/eventsieve.h")
soname=libeventsieve.so.0
# What Rust's standard library wants of the system, for those who link the archive.
private="-lgcc_s -lpthread -lm -ldl"

to=${DESTDIR:-}$prefix
mkdir -p "$to/include" "$to/lib/pkgconfig" "$to/lib/cmake/eventsieve"
install -m 644 "$here/include/eventsieve.h" "$here/include/eventsieve.hpp" "$to/include/"
install -m 755 "$BUILT/libeventsieve_ffi.so" "$to/lib/libeventsieve.so.$version"
ln -sf "libeventsieve.so.$version" "$to/lib/$soname"
ln -sf "$soname" "$to/lib/libeventsieve.so"
install -m 644 "$BUILT/libeventsieve_ffi.a" "$to/lib/libeventsieve.a"
# Nine tenths of a library are what a debugger reads, Rust's standard library's included.
if command -v strip >/dev/null 2>&1; then
    strip --strip-unneeded "$to/lib/libeventsieve.so.$version"
    strip --strip-debug "$to/lib/libeventsieve.a"
fi

cat >"$to/lib/pkgconfig/eventsieve.pc" <<END
prefix=$prefix
includedir=\${prefix}/include
libdir=\${prefix}/lib

Name: eventsieve
Description: Evaluates AWS Lambda event filters
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -leventsieve
Libs.private: $private
END

# Found relative to this file, so that the folder may be moved.
cat >"$to/lib/cmake/eventsieve/eventsieve-config.cmake" <<END
get_filename_component(eventsieve_prefix "\${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET eventsieve::eventsieve)
    add_library(eventsieve::eventsieve SHARED IMPORTED)
    set_target_properties(eventsieve::eventsieve PROPERTIES
        IMPORTED_LOCATION "\${eventsieve_prefix}/lib/$soname"
        IMPORTED_SONAME "$soname"
        INTERFACE_INCLUDE_DIRECTORIES "\${eventsieve_prefix}/include")
    add_library(eventsieve::static STATIC IMPORTED)
    set_target_properties(eventsieve::static PROPERTIES
        IMPORTED_LOCATION "\${eventsieve_prefix}/lib/libeventsieve.a"
        INTERFACE_INCLUDE_DIRECTORIES "\${eventsieve_prefix}/include"
        INTERFACE_LINK_LIBRARIES "gcc_s;pthread;m;dl")
endif()
set(eventsieve_VERSION "$version")
END

cat >"$to/lib/cmake/eventsieve/eventsieve-config-version.cmake" <<END
set(PACKAGE_VERSION "$version")
# Before 1.0, a minor version may change what a program sees.
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
    set(PACKAGE_VERSION_COMPATIBLE FALSE)
elseif("\${PACKAGE_FIND_VERSION_MAJOR}.\${PACKAGE_FIND_VERSION_MINOR}" STREQUAL "${version%.*}")
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
    if(PACKAGE_FIND_VERSION STREQUAL PACKAGE_VERSION)
        set(PACKAGE_VERSION_EXACT TRUE)
    endif()
endif()
END
echo "installed eventsieve $version in $to"
