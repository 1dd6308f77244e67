#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fences between the layers (design: tools -> hashdb -> engine). Usage: layers.sh BUILD_FOLDER
# Reads symbol tables and include lines; prints each breach and fails when there is one.
set -u
export LC_ALL=C

B=$1
failed=0
checks=0
breach() {
	echo "layers: $*" >&2
	failed=1
}

# empty TEXT SENTENCE: the text, one breach a line, must be empty.
empty() {
	checks=$((checks + 1))
	[ -z "$1" ] || breach "$2:
$(printf '%s\n' "$1" | sed 's/^/    /' | head -n 20)"
}

objects() { # of the library, as make lists them
	tr ' ' '\n' <"$B/sources.list" | grep "^$B/$1/.*\.o\$"
}

# Sanitizers and coverage put symbols of their own into every object.
own='^(\.gomp_critical_user_|tutela_|__asan|__ubsan|__sanitizer|__gcov|__odr_asan|asan\.|__emutls|__llvm)'

# --- symbols

engine=$(objects engine)
hashdb=$(objects hashdb)
[ -n "$engine" ] && [ -n "$hashdb" ] || breach "'$B': no objects of engine and hashdb there; build first"
codecs='jpeg_|png_|vips_|Jxl|opj_|gd[A-Z]|WebP|heif_|TIFF|g_object_|XXH|EVP_|MD5_|SHA1_|SHA256_'
network='socket$|connect$|bind$|listen$|accept4?$|getaddrinfo$|gethostbyname|curl_|amqp_|MHD_'
process='(__)?v?printf(_chk)?$|puts$|stdout$|stderr$|putchar$|perror$|exit$|_exit$|abort$|getenv$|secure_getenv$|setenv$|signal$|sigaction$'

undefined() { # PATTERN OBJECT...: "object: symbol" for each undefined symbol that begins as the pattern says
	pattern=$1
	shift
	# The pool needs a socket pair to its workers; nothing else of the kind is wanted.
	nm -A -u "$@" | awk -v p="^($pattern)" '{ sub(/@.*/, "", $NF); if ($NF ~ p) print $1 " " $NF }'
}
# shellcheck disable=SC2086 # lists of paths
{
	empty "$(undefined "mdb_|json_|$codecs" $engine)" "the engine library uses the store, JSON or a codec"
	empty "$(undefined "$codecs" $hashdb)" "hashdb uses a codec"
	empty "$(undefined "$network" $engine $hashdb)" "the library opens sockets"
	empty "$(undefined "$process" $engine $hashdb)" "the library prints, exits, reads the environment or touches signals"
	empty "$(nm -A -g --defined-only $engine $hashdb | awk -v own="$own" 'NF >= 3 && $NF !~ own { print $1 " " $NF }')" \
		"global names without tutela_"
}

exported=$(nm -D --defined-only "$B"/lib/libtutela.so | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort)
empty "$(echo "$exported" | grep -Ev '^(tutela_|TUTELA_0$|__gcov|__asan|__ubsan)')" "libtutela.so exports names that are not tutela_*"
headers=$(cat engine/include/tutela/*.h hashdb/include/tutela/*.h)
declared=$(echo "$headers" | tr '\n' ' ' | sed 's/TUTELA_API/\n&/g' | sed -n 's/^TUTELA_API[^(;]*[ *]\(tutela_[a-z0-9_]*\)(.*/\1/p' | sort -u)
empty "$(echo "$exported" | grep '^tutela_' | comm -23 - /dev/fd/3 3<<-END
	$declared
END
)" "exported, but in no public header"
empty "$(echo "$declared" | comm -23 - /dev/fd/3 3<<-END
	$exported
END
)" "in a public header, but not exported"

# The workers: their codecs and the hash, no search, no store, no OpenMP.
for worker in "$B"/bin/tutela-decoder*; do
	empty "$(readelf -d "$worker" | grep -E 'NEEDED.*(liblmdb|libjansson|libgomp|libomp|libcurl)')" "'$worker' is linked with what a decoder must not have"
done
empty "$(nm -C "$B"/bin/tutela-decoder* | grep -E ' [TDBR] (tutela_index_|tutela_store_|mdb_)')" "a decoder holds the search or the store"

# --- include lines

included() { # FOLDER: "file: header" for each quoted or <tutela/…> include below it
	find "$1" -name '*.[ch]' -exec sed -n 's/^#[ \t]*include[ \t]*\(["<]\)\([^">]*\)[">].*/\1\2/p;' {} /dev/null \; |
		sort -u
}
empty "$(included engine | grep -E '^<tutela/(store|record|exchange|tutela)\.h')" "the engine includes a header of hashdb"
empty "$(included hashdb | grep '^"' | while read -r line; do
	name=${line#?}
	[ -n "$(find hashdb -path "*/$name")" ] || case $name in base/*) [ -f "engine/$name" ] || echo "$name" ;; *) echo "$name" ;; esac
done)" "hashdb includes a private header of the engine other than base/"
empty "$(included tools | grep '^"' | while read -r line; do
	[ -n "$(find tools -path "*/${line#?}")" ] || echo "${line#?}"
done)" "tools include a private header"

# --- names

empty "$(git ls-files | awk -F/ '{ print $NF }' |
	grep -Ev '^(module\.mk|\.gitignore)$' | sort | uniq -d)" "file names that are not unique in the tree"
empty "$(git ls-files | cut -d/ -f1 | sort -u |
	grep -Ev '^(engine|hashdb|tools|bench|tests|Makefile|README\.md|SECURITY\.md|LICENSE|\..*)$')" "names that do not belong on the top level"
empty "$(git ls-files '*.c' '*.h' '*.mk' '*.sh' Makefile '.ci/*' | while read -r file; do
	[ ! -f "$file" ] || head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done)" "files without their SPDX line"
empty "$(.ci/deps --list build test dev isa | while read -r package; do
	grep -qF "\`$package\`" README.md || echo "$package"
done)" "packages without a reason in the README"

[ "$failed" -eq 0 ] && echo "layers: $checks checks, no breach"
exit "$failed"
