# SPDX-License-Identifier: Apache-2.0
# stats: what the lists hold and what of it has hit, by source, list, category, algorithm, age, day and month; no file
# name, no hash, no entry id in it.
. "$TESTS/lib.sh"

# count KEY WHAT BY LIST VALUE: that number of the row
count() {
	json -w "what=$2" -w "by=$3" -w "list=$4" -w "value=$5" -g "$1" <stats
}

run 0 init
run 0 --json stats
empty out
run 2 stats --plot none.svg
says err "there is nothing to draw"
[ ! -e none.svg ] || fail "a file without a plot"

mkdir disk
for i in 1 2 3; do
	"$MKPICTURE" --seed $i disk/secretname$i.jpg
done
run 0 --json hash disk/secretname1.jpg disk/secretname2.jpg
json -g pdq -g md5 <out >hashes
pdq=$(sed -n 1p hashes | cut -f 1)
{
	echo 'id,pdq,md5,category,classification,time'
	echo "entryone,$pdq,$(sed -n 1p hashes | cut -f 2),A1,x,$(date -u -d '-3 days' +%Y-%m-%dT%H:%M:%SZ)"
	echo "entrytwo,$(sed -n 2p hashes | cut -f 1),,,B2,$(date -u -d '-100 days' +%Y-%m-%dT%H:%M:%SZ)"
	echo "entrythree,$(hex 3),,A1,,$(date -u -d '-900 days' +%Y-%m-%dT%H:%M:%SZ)"
	echo "entryfour,$(hex 4),,\"=1, \"\"quoted\"\"\",,2003-01-01T00:00:00Z"
	echo "entryfive,,$(hex 5 32),,,"
} >l.csv
run 0 import --list l --format csv --columns \
	'id=id,pdq=pdq,md5=md5,time=time,label:category=category,label:classification=classification' l.csv
echo "md5 $(hex 6 32) other" >other.txt
run 0 import --list other other.txt
run 0 dispute --list l --reason "a mistake" entrythree
run 0 withdraw --list l --reason "gone" entryfour
run 0 list set other --expires 2020-01-01
day=$(date -u +%Y-%m-%d)
run 1 scan --journal disk
run 1 scan --journal disk/secretname1.jpg
[ "$day" = "$(date -u +%Y-%m-%d)" ] || exit 77 # the tests ran past midnight

run 0 --json stats
mv out stats
says err "'other': this list expired on"
is "by list" "$(printf '3\t1\t1\t5')" \
	"$(json -w what=entries -w by=list -w list=l -g active -g disputed -g withdrawn -g count <stats)"
is "by source" "$(printf '4\t1\t1\t6')" \
	"$(json -w what=entries -w by=source -w source=local -g active -g disputed -g withdrawn -g count <stats)"
is "category" "1 1" "$(count active entries category l A1) $(count disputed entries category l A1)"
is "classification" 1 "$(count active entries category l B2)"
is "without one" 1 "$(count active entries category l '(none)')"
is "withdrawn" 1 "$(json -w what=entries -w by=category -w list=l -w withdrawn=1 -g count <stats)"
for age in "under 30 days" "under 1 year" "under 5 years" "older" "unknown"; do
	is "$age" 1 "$(count count entries age l "$age")"
done
is "algorithms" "4 2" "$(count count entries algorithm l pdq) $(count count entries algorithm l md5)"
is "the same entries by each" "$(printf '5\n5')" "$(for by in category age; do
	json -w what=entries -w by=$by -w list=l -g count <stats | awk '{ n += $1 } END { print n }'
done)"
is "files" "$(printf '3\t1\t0\t4')" \
	"$(json -w what=files -w by=day -w "value=$day" -g match -g no_match -g undetermined -g count <stats)"
# Two scans: picture 1 by PDQ and MD5 each time, picture 2 by PDQ.
is "hits" 5 "$(json -w what=hits -w by=list -w list=l -w kind=known -g count <stats)"
is "of the source" 5 "$(json -w what=hits -w by=source -w source=local -g count <stats)"
is "by category" "4 1" "$(count count hits category l A1) $(count count hits category l B2)"
is "by algorithm" "3 2" "$(count count hits algorithm l pdq) $(count count hits algorithm l md5)"
is "by age when it hit" "4 1" "$(count count hits age l "under 30 days") $(count count hits age l "under 1 year")"
is "by what became of it" 5 "$(count count hits status l active)"
is "by day" 5 "$(count count hits day l "$day")"
is "by month" 5 "$(count count hits month l "${day%-*}")"
is "no other" 0 "$(json -w what=hits -w list=other -c <stats)"
is "freshness" "$(printf 'false\tnull')" "$(json -w what=list -w list=l -g expired -g expires <stats)"
is "expired" "$(printf 'true\t2020-01-01T23:59:59Z')" "$(json -w what=list -w list=other -g expired -g expires <stats)"

# A source: when it was last synced, and how many lists it has.
run 0 source add feed --type stopncii --url https://127.0.0.1:9/ --credentials "$PWD/none"
run 0 --json stats
is "source" "$(printf 'stopncii\tnull\tfalse\t0')" "$(json -w what=source -w source=feed -g feed -g last_success -g failing -g count <out)"

# The same store gives the same bytes, in each form, and none of them says what may not be said.
for form in --json --csv --no-progress; do
	run 0 stats $form
	mv out first
	TZ=Asia/Tokyo LC_ALL=C "$TUTELA" stats $form >out 2>err
	cmp first out || fail "$form differs from run to run"
	for word in secretname entryone entrytwo entrythree "$pdq" "$(hex 4)" "$(hex 6 32)"; do
		says_not out "$word"
	done
done
says out "entries by category" "hits by month" "A1"
run 0 --json stats
json -c <out >rows
run 0 stats --csv
is "rows" "$(($(cat rows) + 1))" "$(wc -l <out)"
is "one head" 1 "$(grep -c '^what,by,' out)"
is "ends" "$(wc -l <out)" "$(grep -c "$(printf '\r')\$" out)"
says out "\"'=1, \"\"quoted\"\"\",0,0,1,"

# What has become of the entries that hit.
run 0 dispute --list l --reason "another mistake" entryone
run 0 withdraw --list l --reason "gone too" entrytwo
run 0 --json stats
mv out stats
is "of no use now" "4 1" "$(count count hits status l disputed) $(count count hits status l withdrawn)"
run 0 list remove l --yes
run 0 --json stats
mv out stats
is "removed" "5 5" "$(count count hits status l removed) $(count count hits age l unknown)"

run 64 stats word
run 64 --json stats --csv
run 64 stats --plot ''

# The plot: of a program that may not be there.
if command -v gnuplot >/dev/null; then
	run 0 -q stats --plot plot.svg
	says plot.svg "<svg" "entries by list" "entries by age at the source" "hits of known lists by month" ">other<"
	run 2 stats --plot plot.svg
	says err "'plot.svg': cannot be made: file exists"
fi
mkdir empty
got=0
PATH=$PWD/empty "$TUTELA" stats --plot later.svg >out 2>err || got=$?
is "no gnuplot" 2 "$got"
says err "'gnuplot': this program is not installed, and --plot needs it"
[ ! -e later.svg ] || fail "a file without a plot"
