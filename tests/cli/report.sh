# SPDX-License-Identifier: Apache-2.0
# Lines of benchmarks, made by formula, as a table and as a picture.
. "$TESTS/lib.sh"

REPORT=$(dirname "$TUTELA")/../bench/report

# Among `codes` codes the median is codes / 10,000, the least half of it, the 99th percentile three times as long.
line() { # BENCH WHAT CODES MORE
	awk -v bench="$1" -v what="$2" -v codes="$3" -v more="$4" 'BEGIN {
		printf "{\"type\":\"bench\",\"bench\":\"%s\",\"what\":\"%s\",\"codes\":%d,%s", bench, what, codes, more
		printf "\"runs\":7,\"min_us\":%.3f,\"p50_us\":%.3f,\"p99_us\":%.3f,", codes / 2e4, codes / 1e4, codes / 1e4 * 3
		printf "\"isa\":\"avx2\",\"threads\":1,\"seed\":7,\"load\":0.25,\"version\":\"9.9.9\",\"cpu\":\"Abacus\"}\n"
	}'
}
{
	for codes in 30000000 1000000 10000000; do
		line search single $codes '"data":"uniform","mode":"resident","queries_per_second":1234567.8,'
	done
	line search batch 1000000 '"data":"uniform","mode":"resident","cpu_us":0.5,'
	line import 'a|b' 1000000 '"file_bytes":12345678,'
} >lines

report() { # STATUS ARGUMENT... <LINES
	wanted=$1 got=0
	shift
	"$REPORT" "$@" >out 2>err || got=$?
	check_status "$wanted" "$got" "report $*"
}

report 0 table <lines
cat >expected <<'END'
Tutela 9.9.9 on Abacus; load: average of the last minute.

| what | min | p50 | p99 | runs | and | load |
|---|---|---|---|---|---|---|
| search: single, codes 30,000,000, uniform, resident, threads 1, avx2 | 1.50 ms | 3.00 ms | 9.00 ms | 7 | 1,234,568 queries/s | 0.2 |
| search: single, codes 1,000,000, uniform, resident, threads 1, avx2 | 50.0 us | 100.0 us | 300.0 us | 7 | 1,234,568 queries/s | 0.2 |
| search: single, codes 10,000,000, uniform, resident, threads 1, avx2 | 500.0 us | 1.00 ms | 3.00 ms | 7 | 1,234,568 queries/s | 0.2 |
| search: batch, codes 1,000,000, uniform, resident, threads 1, avx2 | 50.0 us | 100.0 us | 300.0 us | 7 | cpu 0.50 us | 0.2 |
| import: a\|b, codes 1,000,000, threads 1, avx2 | 50.0 us | 100.0 us | 300.0 us | 7 | file 12.3 MB | 0.2 |
END
diff expected out || fail "another table"
report 0 table import <lines
is "rows of one benchmark" 1 "$(grep -c '^| [a-z]*: ' out)"

# Another machine: a table of its own.
{ cat lines && sed 's/Abacus/Counting frame/' lines; } >two
report 0 table search <two
says out "9.9.9 on Abacus" "9.9.9 on Counting frame"
is "tables" 2 "$(grep -c '^| what' out)"

# Searches one by one, in order of their sizes; nothing else.
report 0 plot picture.svg <lines
cat >expected <<'POINTS'
$a0 << END
1000000 100.000 300.000
10000000 1000.000 3000.000
30000000 3000.000 9000.000
END
POINTS
sed '/^set terminal/,$d' out >data
diff expected data || fail "other points"
says out "layout 1,1" "title 'resident, uniform'" "set output 'picture.svg'" "set logscale xy"
says_not out beside

# Peers beside us, steady parts only; a quote in a name cannot end the script's.
{
	cat lines
	line peers_search "ours, it's" 1000000 '"part":"steady","data":"skewed",'
	line peers_search theirs 1000000 '"part":"steady","data":"skewed",'
	line peers_search theirs 1000000 '"part":"first","data":"skewed",'
} >peers
report 0 plot picture.svg <peers
says out "layout 1,2" "title 'ours, it s, skewed'" "title 'theirs, skewed'" '$b1 << END'
is "points of theirs" 1 "$(sed -n '/^\$b1/,/^END/p' out | grep -c '^[0-9]')"
if command -v gnuplot >/dev/null 2>&1; then
	gnuplot out 2>err
	empty err
	says picture.svg '<svg' 'resident, uniform' 'theirs, skewed'
else
	echo "no gnuplot here: the script was not drawn"
fi

# What is wrong is said, with its line.
wrong() { # SENTENCE SED
	sed "$2" lines >bad
	report 2 table <bad
	empty out
	says err "$1"
}
wrong "line 2: 'p99_us': not there, or no number" '2s/"p99_us":[0-9.]*,//'
wrong "line 1: 'seed': not there, or no number" '1s/"seed":7/"seed":"7"/'
wrong "line 3: 'cpu': not there, or no string" '3s/"Abacus"/null/'
wrong "line 5: its type is not 'bench'" '5s/"type":"bench"/"type":"scan"/'
wrong "line 4: duplicate object key" '4s/"seed":7/"seed":7,"seed":7/'
wrong "line 1: '[' or '{' expected" '1s/^/x/'
report 2 table nothing <lines
says err "there was none to report"
report 2 table </dev/null
line import text 5 '' >none
report 2 plot picture.svg <none
says err "nothing to draw"
report 64 plot <lines
report 64 plot "it's.svg" <lines
report 64 draw <lines
report 0 --help
