#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a staged tree, builds the README's example against it with
# pkg-config alone, looks pictures up with it, uninstalls. Usage: install.sh MKPICTURE
set -eu
export LC_ALL=C.UTF-8
export MAKEFLAGS=

mkpicture=$1
stage=$(mktemp -d "${TMPDIR:-/tmp}/tutela-install.XXXXXX")
trap 'rm -rf "$stage"' EXIT
fail() {
	echo "install: $*" >&2
	exit 1
}

$MAKE -s --no-print-directory install DESTDIR="$stage/root" prefix="${prefix:-/usr/local}"
usr=$stage/root${prefix:-/usr/local}
for file in bin/tutela libexec/tutela/tutela-decoder libexec/tutela/tutela-decoder-vips lib/libtutela.a \
	lib/libtutela.so lib/libtutela.so.0 lib/pkgconfig/tutela.pc include/tutela/tutela.h \
	share/man/man1/tutela.1 share/man/man8/tutela-decoder.8 share/bash-completion/completions/tutela share/tutela/categories/us.conf \
	lib/systemd/system/tutela-sync.service lib/systemd/system/tutela-sync.timer; do
	[ -e "$usr/$file" ] || fail "'$file': not installed"
done
grep -q "^ExecStart=${prefix:-/usr/local}/bin/tutela sync" "$usr/lib/systemd/system/tutela-sync.service" ||
	fail "the unit does not start what was installed"
grep -rIl -e "$stage" -e '@[A-Z]*@' "$stage/root" && fail "files name the staging folder or hold a placeholder"

# Category maps: a number and its name a line, no number twice.
for map in "$usr"/share/tutela/categories/*.conf; do
	awk '/^#/ { next } !/^[0-9]+ [^ ].*[^ ]$/ || seen[$1]++ { print; bad = 1 } END { exit bad || !length(seen) }' "$map" ||
		fail "'$map': not a category map"
done

# Every public header compiles by itself, as C and as C++ when there is a compiler for it.
for header in "$usr"/include/tutela/*.h; do
	echo "#include <tutela/$(basename "$header")>" >"$stage/one.c"
	$CC -std=c17 -Wall -Wextra -Werror -pedantic -fsyntax-only -I"$usr/include" "$stage/one.c" || fail "'$header': does not stand alone"
done

if command -v mandoc >/dev/null; then
	find "$usr/share/man" -type f -exec mandoc -T lint -W warning {} + || fail "a manual page is not clean"
fi

# The example, exactly as the README shows it.
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' | diff -u - tests/tree/example.c ||
	fail "the example in the README is not tests/tree/example.c"
export PKG_CONFIG_PATH="$usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage/root" PKG_CONFIG_ALLOW_SYSTEM_LIBS=
cp tests/tree/example.c "$stage/"
# shellcheck disable=SC2046 # flags are words
$CC -Wall -Wextra -Werror -o "$stage/shared" "$stage/example.c" $(pkg-config --cflags --libs tutela)
readelf -d "$stage/shared" | grep -q 'NEEDED.*libtutela\.so\.0' || fail "the example is not linked with libtutela.so.0"
mkdir "$stage/archive"
cp "$usr/lib/libtutela.a" "$stage/archive/"
static_flags=$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --cflags --static --libs tutela |
	sed "s|-I[^ ]*|-I$usr/include|;s|-L$usr/lib||")
# shellcheck disable=SC2086
$CC -o "$stage/static" "$stage/example.c" -L"$stage/archive" $static_flags
# Not only what the example calls finds what it needs.
# shellcheck disable=SC2086
$CC -o "$stage/whole" "$stage/example.c" -L"$stage/archive" -Wl,--whole-archive -ltutela -Wl,--no-whole-archive \
	$static_flags || fail "tutela.pc does not name every library that libtutela.a needs"
readelf -d "$stage/static" | grep -q 'NEEDED.*libtutela' && fail "the static example needs libtutela.so"

# What it says.
"$mkpicture" --seed 1 "$stage/known.png"
"$mkpicture" --seed 1 --quality 60 --resize 500x400 "$stage/altered.jpg"
"$mkpicture" --seed 2 "$stage/other.png"
"$usr/bin/tutela" -d "$stage/store" init >/dev/null
"$usr/bin/tutela" hash --json "$stage/known.png" | sed -n 's/.*"pdq": *"\([0-9a-f]*\)".*/pdq \1 entry-1/p' >"$stage/list"
"$usr/bin/tutela" -d "$stage/store" import --list example --format text "$stage/list" >/dev/null
for program in shared static; do
	run() {
		status=0
		LD_LIBRARY_PATH="$usr/lib" "$stage/$program" "$stage/store" "$1" "$usr/libexec/tutela" >"$stage/out" 2>&1 || status=$?
	}
	run "$stage/altered.jpg"
	[ "$status" -eq 1 ] && grep -q '^list example, entry entry-1: pdq, distance [0-9]' "$stage/out" ||
		fail "$program: altered picture: status $status: $(cat "$stage/out")"
	run "$stage/other.png"
	[ "$status" -eq 0 ] || fail "$program: unrelated picture: status $status: $(cat "$stage/out")"
	run "$stage/list"
	[ "$status" -eq 2 ] || fail "$program: no picture: status $status: $(cat "$stage/out")"
	run "$stage/missing"
	[ "$status" -eq 2 ] || fail "$program: missing file: status $status: $(cat "$stage/out")"
done

$MAKE -s --no-print-directory uninstall DESTDIR="$stage/root" prefix="${prefix:-/usr/local}"
left=$(find "$stage/root" ! -type d)
[ -z "$left" ] || fail "uninstall leaves $left"
echo "install: installed, example built shared and static, uninstalled"
