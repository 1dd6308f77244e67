# SPDX-License-Identifier: Apache-2.0
# The benchmarks with next to nothing to do: they end well, and every line has what every line is to have.
. "$TESTS/lib.sh"

BENCH=$(dirname "$TUTELA")/../bench
TMPDIR=$PWD/tmp
export TMPDIR
mkdir tmp
"$MKPICTURE" --seed 1 --size 100x80 a.jpg

# try NAME LINES ARGUMENT...: that many lines, each with all keys, least and middle and 99th percentile in order.
tried=
try() {
	name=$1 lines=$2
	shift 2
	"$BENCH/$name" "$@" >out 2>err || check_status 0 "$?" "$name $*"
	is "$name: lines" "$lines" "$(json -c <out)"
	json -r type,bench,what,runs,min_us,p50_us,p99_us,isa,threads,seed,load,version,cpu <out
	json -g bench -g runs -g min_us -g p50_us -g p99_us <out |
		awk -v name="${name#bench_}" '$1 != name || $2 < 1 || $3 < 0 || $4 < $3 || $5 < $4 { print; bad = 1 }
			END { exit bad }' || fail "$name: the line before"
	cat out >>all
	tried="$tried $name"
}

levels=0
for level in scalar avx2 avx512 neon; do
	! TUTELA_ISA=$level "$TUTELA" --version >/dev/null 2>&1 || levels=$((levels + 1))
done
# Lines for one thread; and for as many as there are cores, where those are more.
many=$(($(getconf _NPROCESSORS_ONLN) > 1 ? 2 : 1))

try bench_kernels $((2 * levels)) 50 100
try bench_hash $((4 * levels)) 64x48
try bench_build $((2 * many)) 300
try bench_search $((4 * (3 + many))) --check 10 --batch 20 300
is "answers that differ" 0 "$(json -w what=scan -g queries_that_differ <out | sort -u)"
try bench_decode 1 --runs 3 a.jpg
is "size" "100	80" "$(json -g width -g height <out)"
try bench_box 13 20
try bench_increment 1 --updates 3 500
try bench_merge $((3 * many)) 500
try bench_import 1 --runs 2 300
[ "$(json -g peak_bytes <out)" -gt 1000000 ] || fail "an import in less than a megabyte: $(cat out)"
try bench_vics 2 --runs 2 300
is "media" 300 "$(json -g media <out | sort -u)"
try bench_open 2 --runs 2 300
try bench_scan "$many" --runs 1 --size 64x64 4 100
is "files" 4 "$(json -g files <out | sort -u)"

for program in "$BENCH"/bench_*; do
	name=$(basename "$program")
	case $name in *.o | *.d) continue ;; esac
	case " $tried " in *" $name "*) ;; *) fail "$name is not tried here" ;; esac
	"$program" --help >out
	says out "usage: $name"
	got=0
	"$program" --no-such-thing >out 2>err || got=$?
	case $name in
	bench_decode) is "a file that is not there" 2 "$got" ;;
	*) is "$name: wrong usage" 64 "$got" ;;
	esac
done
is "left behind" "" "$(ls -A tmp)"

# Killed in the middle, the folder goes all the same.
"$BENCH/bench_import" 50000000 >out 2>err &
pid=$!
for _ in $(seq 100); do
	[ -z "$(ls -A tmp)" ] || break
	sleep 0.1
done
[ -n "$(ls -A tmp)" ] || fail "no folder within ten seconds"
kill -9 "$pid"
wait "$pid" 2>/dev/null || :
for _ in $(seq 100); do
	[ -n "$(ls -A tmp)" ] || break
	sleep 0.1
done
is "left behind by a killed one" "" "$(ls -A tmp)"

"$BENCH/report" table <all >out
is "rows" "$(json -c <all)" "$(grep -c '^| [a-z]*: ' out)"
