# SPDX-License-Identifier: Apache-2.0
# A decoder that dies in the middle of a picture leaves no core file, and nobody else of the same user can look into it.
. "$TESTS/lib.sh"

ulimit -c unlimited 2>/dev/null || {
	echo "core files cannot be permitted here"
	exit 77
}
# To compare with: does a process that dies here leave a file? Some systems send cores elsewhere.
sh -c 'kill -SEGV $$' || :
if ls core* >/dev/null 2>&1; then
	echo "others leave a core file here"
	rm -f core*
else
	echo "no core file of anybody appears here: $(cat /proc/sys/kernel/core_pattern)"
fi
touch before

# 8192 x 2730, 24 bits, all of it one letter: large enough to be met while it is in memory.
{
	printf 'BM\066\300\377\003\000\000\000\000\066\000\000\000\050\000\000\000\000\040\000\000\252\012\000\000\001\000\030\000'
	printf '\000\000\000\000\000\300\377\003\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
	head -c 67092480 /dev/zero | tr '\000' 'Z'
} >large.bmp

# A decoder of process $1 that holds more than 40 MB. The children of a process stand with the thread that made them.
worker_of() {
	for pid in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		read -r _ resident _ 2>/dev/null <"/proc/$pid/statm" || continue
		[ "$resident" -lt 10000 ] || echo "$pid"
	done
}
[ -r "/proc/$$/task/$$/children" ] || {
	echo "this kernel does not list the children of a process"
	exit 77
}

attempt() {
	"$TUTELA" --json hash large.bmp >out 2>err &
	host=$!
	worker=
	while [ -z "$worker" ] && kill -0 "$host" 2>/dev/null; do
		worker=$(worker_of "$host")
	done
	if [ -n "$worker" ] && [ "$(id -u)" -ne 0 ]; then
		! head -c 1 "/proc/$worker/mem" >/dev/null 2>&1 || fail "the memory of a decoder can be read"
		! ls "/proc/$worker/fd" >/dev/null 2>&1 || fail "the descriptors of a decoder can be seen"
	fi
	[ -z "$worker" ] || kill -SEGV "$worker" 2>/dev/null || worker=
	status=0
	wait "$host" || status=$?
	[ -n "$worker" ] && grep -q SIGSEGV out
}
attempt || attempt || attempt || attempt || {
	cat out err
	fail "no decoder was met at work"
}
is "status" 2 "$status"
says out '"verdict":"undetermined"' "(SIGSEGV)" "\"sha256\":\"$(sha256sum <large.bmp | cut -c 1-64)\""

find . / -maxdepth 1 -newer before \( -name 'core' -o -name 'core.*' \) >cores 2>/dev/null || :
empty cores
