# SPDX-License-Identifier: Apache-2.0
# An entry that matches very many files of a scan is named, and its further hits are put up for review when asked for.
. "$TESTS/lib.sh"

run 0 init
mkdir disk
for i in 1 2; do
	"$MKPICTURE" --seed $i one$i.jpg
done
for i in 1 2 3 4 5; do
	cp one1.jpg disk/a$i.jpg
done
cp one2.jpg disk/b1.jpg
cp one2.jpg disk/b2.jpg
run 0 --json hash one1.jpg one2.jpg
json -g pdq -g md5 <out >hashes
{
	echo "id,pdq,md5"
	echo "blank,$(sed -n 1p hashes | tr '\t' ',')"
	echo "few,$(sed -n 2p hashes | tr '\t' ',')"
} >l.csv
run 0 import --list l --format csv l.csv

# By default it takes over 1,000 files.
run 1 --json scan disk
is "no flood" "[]" "$(summary flood)"
empty err

# A file counts once for an entry, though both hashes match.
run 1 --json scan --flood 4 disk
is "flood" "$(printf 'local\tl\tblank\t5\t-')" "$(json -w type=summary -g flood.0.source -g flood.0.list \
	-g flood.0.entry -g flood.0.files -g flood.1 <out)"
says err "'l': entry 'blank' matches 5 of 7 files"
is "asked for" 4 "$(summary parameters.flood)"
is "no action by itself" 0 "$(json -w type=file -w hits.0.flood=true -c <out)"
run 0 --json audit show
is "in the audit log" "$(printf '0\n1')" "$(json -w action=scan-end -g detail.flood <out)"
run 1 --json scan --flood 5 disk
is "not beyond" "[]" "$(summary flood)"
run 1 --json scan --flood 1 disk
is "most files first" "$(printf 'blank\t5\tfew\t2')" "$(json -w type=summary -g flood.0.entry -g flood.0.files \
	-g flood.1.entry -g flood.1.files <out)"
run 1 scan --flood 4 disk
says out "flood            l, entry blank: 5 files"
says_not out "entry few"

# Review: the hits beyond the limit, in the order of work.
run 1 --json scan --ordered -j 1 --flood 3 --flood-action review disk
adds_up
is "which" "$(printf 'disk/a4.jpg\ttrue\treview\ttrue\ndisk/a5.jpg\ttrue\treview\ttrue')" "$(json -w type=file \
	-w hits.0.flood=true -g path -g hits.0.flood -g hits.1.action -g hits.1.flood <out)"
is "the others" 5 "$(json -w type=file -w hits.0.action=report -c <out)"
run 1 scan --ordered -j 1 --flood 4 --flood-action review disk/a1.jpg disk/a2.jpg disk/a3.jpg disk/a4.jpg disk/a5.jpg
is "as text" "2 8" "$(grep -c '^review .*a5' out) $(grep -c '^match ' out)"
run 1 --json scan --flood 4 --flood-action report disk
is "report" 7 "$(json -w type=file -w hits.0.action=report -c <out)"

# A list's own policy stands, unless an option is given.
run 0 list set l --flood 3 --flood-action review
run 1 --json scan --ordered -j 1 disk
is "policy" "$(printf 'blank\t5\treview\t-')" "$(json -w type=summary -g flood.0.entry -g flood.0.files \
	-g flood.0.action -g flood.1 <out)"
is "held" "$(printf 'disk/a4.jpg\ndisk/a5.jpg')" "$(json -w type=file -w hits.0.action=review -g path <out)"
is "with the list" "3 review" "$(json -w type=summary -g lists.0.flood -g lists.0.flood_action <out | tr '\t' ' ')"
run 1 --json scan --ordered -j 1 --flood-action flag disk
is "flagged alone" "blank flag 7" "$(summary flood.0.entry) $(summary flood.0.action) $(json -w type=file \
	-w hits.0.action=report -c <out)"
run 1 --json scan --ordered -j 1 --flood 1 disk
is "another number" "blank few" "$(summary flood.0.entry) $(summary flood.1.entry)"
is "by policy" 5 "$(json -w type=file -w hits.0.action=review -c <out)"
run 0 list set l --flood off
run 1 --json scan disk
is "off" "[]" "$(summary flood)"
run 0 list set l --flood 3
run 1 --json scan --case policy disk
says err "entry 'blank' matches 5 of 7 files: look whether it belongs there; its hits are for review"
is "in a case" "review" "$(summary flood.0.action)"
is "not one by one" 0 "$(grep -c '"flood":true' policy/results.jsonl)"
cp -r policy policy.whole
sed 's/"state": "complete"/"state": "running"/' policy.whole/case.json >policy/case.json
run 0 list set l --flood 4
run 2 --json scan --case policy disk
says err "the policy of the list 'l'"
run 0 list set l --flood default --flood-action flag

# What an allow list silences is no flood, and neither is what is passed over.
run 0 allow --reason "a blank page" one1.jpg
run 1 --json scan --flood 1 disk
is "allowed" few "$(json -w type=summary -g flood.0.entry <out)"
run 0 withdraw --list allowed "sha256:$(sha256sum <one1.jpg | cut -c 1-64)"
run 0 list create known --kind exclude
echo "md5 $(sed -n 1p hashes | cut -f 2) same" >known.txt
run 0 import --list known known.txt
run 1 --json scan --flood 4 disk
is "passed over" "1 blank" "$(summary flood | grep -o '"entry"' | wc -l) $(json -w type=summary -g flood.0.entry <out)"

# A case counts what earlier runs did.
run 1 --json scan --flood 4 --case whole disk
cp -r whole cut
head -n 3 whole/files.jsonl >cut/files.jsonl
head -n 3 whole/results.jsonl >cut/results.jsonl
sed 's/"state": "complete"/"state": "running"/' whole/case.json >cut/case.json
run 1 --json scan --flood 4 --case cut disk
says err "3 files had been done before"
is "gone on" "$(printf 'blank\t5')" "$(json -w type=summary -g flood.0.entry -g flood.0.files <out)"
cmp whole/results.jsonl cut/results.jsonl || fail "other results"

# More entries than are counted at a time: what matched most is not lost.
mkdir many
for i in 1 2 3 4 5 6 7; do
	echo "text $i" >many/m$i.txt
	md5sum <many/m$i.txt | cut -c 1-32
done >sums
awk '{ for (i = 0; i < 9900; i++) print "md5", $1, "n" NR "-" i }' sums >many.txt
run 0 import --list many many.txt
cp disk/a1.jpg many/a1.jpg
cp disk/a1.jpg many/a2.jpg
cp disk/a1.jpg many/z1.jpg
cp disk/a1.jpg many/z2.jpg
run 1 scan --ordered -j 1 --flood 3 many
is "all of them" 69308 "$(grep -c '^match' out)"
says out "flood            l, entry blank: 4 files"

run 64 scan --flood 0 disk
run 64 scan --flood-action block disk
says err "'block' is not one of flag, review"
run 64 scan --flood-action review --case other disk
says err "depends on the order of work"

# The same of what past scans saw, and of what is asked for.
run 0 -d past init
run 0 -d past list create l
run 0 -d past scan --ordered -j 1 --journal disk
run 0 -d past import --list l --format csv l.csv
run 1 -d past --json rescan --journal
is "no flood" "[]" "$(json -w type=rescan-summary -g flood <out)"
empty err
run 1 -d past --json rescan --journal --flood 4
is "flood" "$(printf 'l\tblank\t5\tflag\t-')" "$(json -w type=rescan-summary -g flood.0.list -g flood.0.entry \
	-g flood.0.files -g flood.0.action -g flood.1 <out)"
says err "'l': entry 'blank' matches 5 of 7 files"
run 0 -d past --json audit show
is "in the audit log" "$(printf '0\n1')" "$(json -w action=rescan-end -g detail.flood <out)"
is "asked for" 4 "$(json -w action=rescan-start -g detail.parameters.flood <out | tail -n 1)"
run 0 -d past list set l --flood 3 --flood-action review
run 1 -d past --json rescan --journal
is "held" "$(printf 'disk/a4.jpg\tmatch\ttrue\ndisk/a5.jpg\tmatch\ttrue')" "$(json -w type=rescan \
	-w hits.0.action=review -g path -g verdict -g hits.0.flood <out)"
run 64 rescan --journal --flood-action block

{
	for i in 1 2 3 4 5; do
		sed -n 1p hashes | cut -f 1
	done
	sed -n 2p hashes | cut -f 1
} >asked
feed 1 --json lookup --algorithm pdq <asked
empty err
feed 1 --json lookup --algorithm pdq --flood 4 <asked
says err "'l': entry 'blank' matches 5 of 6 queries"
is "one line a query" 6 "$(wc -l <out)"
is "flagged alone" 0 "$(json -w hits.0.flood=true -c <out)"
feed 1 --json lookup --algorithm pdq --flood 3 --flood-action review <asked
is "the first three" "$(printf 'report\nreport\nreport\nreview\nreview\nreport')" "$(json -g hits.0.action <out)"
feed 1 -d past --json lookup --algorithm pdq <asked
is "as its list says" 2 "$(json -w hits.0.action=review -w hits.0.flood=true -c <out)"
feed 1 -d past lookup --journal --algorithm pdq <asked
is "as text" "3 2" "$(grep -c '^match .*blank' out) $(grep -c '^review .*blank' out)"
run 0 -d past --json audit show
is "in the audit log" 1 "$(json -w action=lookup-end -g detail.flood <out)"
run 64 lookup --flood 0
run 64 lookup --flood-action block
