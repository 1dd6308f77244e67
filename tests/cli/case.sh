# SPDX-License-Identifier: Apache-2.0
# tutela scan --case: the record, what is refused, and that a scan which was killed (ROUNDS times, 6) or whose files a
# power cut has damaged ends with the same bytes as one that was left alone.
. "$TESTS/lib.sh"
umask 022
ROUNDS=${ROUNDS:-6}

run 0 init
mkdir -p ev/deep
for i in 1 2 3; do
	"$MKPICTURE" --seed $i known-$i.jpg
	"$MKPICTURE" --seed $i --size 200x150 ev/deep/small-$i.png
done
run 0 --json hash known-1.jpg known-2.jpg known-3.jpg
json -g pdq <out | awk '{ print "pdq", $0, "picture-" NR }' >list
run 0 import --list demo list
"$MKPICTURE" --seed 50 ev/other.jpg
head -c 5000 known-1.jpg >ev/cut.jpg
: >ev/empty.png
cp known-2.jpg "ev/$(printf 'odd\n\377"<b>.jpg')"
# Enough of them that a kill comes in between.
for i in $(seq "$((ROUNDS * 12))"); do
	ln known-$((i % 3 + 1)).jpg ev/deep/copy-$i.jpg
	ln ev/other.jpg ev/deep/other-$i.jpg
done

run 1 scan --case whole --evidence EX-1 --operator 'N. N.' ev
says out "files" "summary"
says_not out copy-1.jpg
is "mode of the folder" 700 "$(stat -c %a whole)"
is "modes of the files" 600 "$(stat -c %a whole/results.jsonl whole/files.jsonl whole/case.json | sort -u)"
n=$(find ev -type f -printf x | wc -c)
is "each file has its line" "$n" "$(wc -l <whole/files.jsonl)"
is "results" "$(json -w type=file -c <whole/results.jsonl)" "$(grep -c '"result"' whole/files.jsonl)"
is "evidence in each" "$(wc -l <whole/results.jsonl)" "$(json -w evidence=EX-1 -c <whole/results.jsonl)"
says whole/case.json '"state": "complete"' '"operator": "N. N."' '"evidence": "EX-1"' '"host"' '"digest"' \
	"$(sha256sum <whole/results.jsonl | cut -c 1-64)" "$(sha256sum <whole/files.jsonl | cut -c 1-64)"
for word in started ended seconds expired; do
	says_not whole/results.jsonl "\"$word\""
	says_not whole/files.jsonl "\"$word\""
done
same() {
	cmp whole/results.jsonl "$1/results.jsonl"
	cmp whole/files.jsonl "$1/files.jsonl"
}

# With another number of threads, and as JSON.
run 1 --json scan --case other -j 3 --evidence EX-1 ev
same other
is "summary" "$n" "$(summary files)"
adds_up_to=$(($(summary match) + $(summary no_match) + $(summary undetermined) + $(summary excluded)))
is "sum of verdicts" "$n" "$adds_up_to"
# Done is done: nothing is scanned, and the status is the same.
cp other/case.json before
run 1 --json scan --case other -j 3 --evidence EX-1 ev
is "the same summary" "$n" "$(summary files)"
cmp other/case.json before

# --- killed
kills=0 round=0 cases=0
while [ $kills -lt "$ROUNDS" ]; do
	round=$((round + 1))
	[ $round -le $((ROUNDS * 20)) ] || fail "after $round rounds only $kills kills came in between"
	"$TUTELA" scan --case killed --evidence EX-1 -j 2 ev >kout 2>kerr &
	pid=$!
	sleep "0.$(awk -v r=$round 'BEGIN { srand(r); printf "%03d", 20 + 280 * rand() }')"
	kill -9 $pid 2>/dev/null || :
	got=0
	wait $pid || got=$?
	case $got in
	137) kills=$((kills + 1)) ;;
	1)
		same killed
		cases=$((cases + 1))
		rm -r killed
		;;
	*) fail "status $got: $(cat kerr)" ;;
	esac
done
done_before=0
[ ! -f killed/files.jsonl ] || done_before=$(wc -l <killed/files.jsonl)
run 1 scan --case killed --evidence EX-1 ev
[ "$done_before" -eq 0 ] || [ "$done_before" -eq "$n" ] || says err "$done_before files had been done before"
same killed
is "counted once" "$(tr -d ' \n' <whole/case.json | sed 's/.*"summary":{//; s/"seconds".*//')" \
	"$(tr -d ' \n' <killed/case.json | sed 's/.*"summary":{//; s/"seconds".*//')"
echo "killed $kills times, $cases cases came to their end meanwhile, $done_before of $n files were done at the last kill"

# --- damaged as by a power cut: what is left of the files is their beginning, or has holes.
size=$(stat -c %s whole/results.jsonl)
lines=$(stat -c %s whole/files.jsonl)
damaged() { # WHAT: scans the case `cut` to its end again
	sed 's/"state": "complete"/"state": "running"/' whole/case.json >cut/case.json
	run 1 scan --case cut --evidence EX-1 ev
	same cut || fail "after: $1"
	rm -r cut
}
copy() {
	cp -r whole cut
}
copy; truncate -s $((size / 2)) cut/results.jsonl; damaged "results end early"
copy; truncate -s $((lines - 7)) cut/files.jsonl; damaged "the last line is torn"
copy; truncate -s 0 cut/results.jsonl; damaged "no results"
copy; rm cut/files.jsonl; damaged "no record of files"
copy; truncate -s $((lines / 2)) cut/files.jsonl; truncate -s "$lines" cut/files.jsonl; damaged "zeros"
copy; truncate -s $((size - 300)) cut/results.jsonl; truncate -s "$size" cut/results.jsonl; damaged "zeros in results"
copy; head -n 3 cut/files.jsonl >x; echo '{"path":"x"}' >>x; tail -n +4 cut/files.jsonl >>x; mv x cut/files.jsonl; damaged "a foreign line"
copy; echo '{"type":"file"}' >>cut/results.jsonl; damaged "a result too many"

# --- several folders of evidence are one case, in their order, whenever it was killed
mkdir ev2
for i in 1 2 3 4 5 6 7 8; do
	"$MKPICTURE" --seed $((i % 3 + 1)) --quality 8$i "ev2/b$i.jpg"
done
run 1 scan --all --case two --evidence EX-1 ev2 ev/deep
is "in order" '{"path":"ev2/b1.jpg {"path":"ev/deep' "$(head -n 1 two/files.jsonl | cut -d '"' -f 1-4) $(sed -n 9p two/files.jsonl | cut -d / -f 1-2)"
for lines in 0 3 8 9 20; do
	cp -r two two.cut
	head -n $lines two/files.jsonl >two.cut/files.jsonl
	sed 's/"state": "complete"/"state": "running"/' two/case.json >two.cut/case.json
	run 1 scan --all --case two.cut --evidence EX-1 ev2 ev/deep
	cmp two/results.jsonl two.cut/results.jsonl
	cmp two/files.jsonl two.cut/files.jsonl
	rm -r two.cut
done
sed 's/"state": "complete"/"state": "running"/' two/case.json >x
cp x two/case.json
run 2 scan --all --case two --evidence EX-1 ev/deep ev2
says err "paths"
run 2 scan --all --case two --evidence EX-1 ev2
says err "paths"

# --- a file system that is full ends a case with a sentence; with room it goes on
mkdir -m 700 small
if mount -t tmpfs -o size=40k,mode=700 tmpfs small 2>/dev/null; then
	got=0
	"$TUTELA" scan --all --case small/case --evidence EX-1 ev2 ev/deep >out 2>err || got=$?
	mount -o remount,size=16m small
	again=0
	"$TUTELA" scan --all --case small/case --evidence EX-1 ev2 ev/deep >out2 2>err2 || again=$?
	cp -r small/case full-case
	umount small
	is "full, then not" "2 1" "$got $again"
	says err "no space left on device"
	cmp two/results.jsonl full-case/results.jsonl
	cmp two/files.jsonl full-case/files.jsonl
fi

# --- what is refused
cp -r whole half
head -n 5 whole/files.jsonl >half/files.jsonl
sed 's/"state": "complete"/"state": "running"/' whole/case.json >half/case.json
refuses() { # TEXT WORD...: no byte of the case changes
	text=$1
	shift
	find half -type f -exec sha256sum {} + | sort >before
	run 2 scan --case half "$@"
	says err "$text"
	find half -type f -exec sha256sum {} + | sort | cmp before -
}
refuses "another 'evidence'" --evidence EX-2 ev
refuses "another 'variants'" --evidence EX-1 --variants none ev
refuses "another 'paths'" --evidence EX-1 ev/deep
mv half/lock lock
: >half/lock
# The evidence is another.
mv ev/cut.jpg ev/cut-.jpg
run 2 scan --case half --evidence EX-1 ev
says err "the evidence is not what it was: file number 1 was 'ev/cut.jpg' and is now 'ev/cut-.jpg'"
mv ev/cut-.jpg ev/cut.jpg
"$MKPICTURE" --seed 9 ev/zz.jpg
cp -r whole zz
sed 's/"state": "complete"/"state": "running"/' whole/case.json >zz/case.json
mv ev/empty.png away.png
run 2 scan --case zz --evidence EX-1 ev
says err "the evidence is not what it was"
mv away.png ev/empty.png
rm -r zz ev/zz.jpg
mkdir few
cp ev/cut.jpg few
mv ev ev-away
mv few ev
cp half/files.jsonl before
run 2 scan --case half --evidence EX-1 ev
says err "it had more than 1 file and now has no more"
cmp before half/files.jsonl
mv ev few
mv ev-away ev
# The lists are others.
run 0 list set demo --action review
refuses "the policy of the list 'demo', or a local decision about it, has changed" --evidence EX-1 ev
run 0 list set demo --action report
run 0 withdraw --list demo picture-3
refuses "the list 'demo' has changed: version 1 then, version 2 now" --evidence EX-1 ev
echo "md5 $(hex 1 32) x" >l
run 0 import --list second l
refuses "the list 'second' was not there" --evidence EX-1 ev
run 2 scan --case whole --evidence EX-1 ev
says err "results of the two are not mixed"
# Anew: what was there is put aside.
run 1 scan --case half --restart --evidence EX-1 ev
[ -f half/superseded-1/case.json ] && [ -f half/superseded-1/files.jsonl ]
is "a case anew" "$n" "$(wc -l <half/files.jsonl)"
# One restart too many says what to do.
seq -f half/superseded-%.0f 10000 | xargs mkdir -p
run 2 scan --case half --restart --evidence EX-1 ev
says err "'half': holds 10000 scans that were put aside; move some of them elsewhere"
is "they stay" "$n" "$(wc -l <half/files.jsonl)"
rmdir half/superseded-10000
cp -r half last
run 1 scan --case last --restart --evidence EX-1 ev
[ -f last/superseded-10000/files.jsonl ]
rm -r last
# Results that somebody changed.
sed -i 's/picture-1/picture-2/' half/results.jsonl
run 2 scan --case half --evidence EX-1 ev
says err "'results.jsonl' is not what the scan wrote"
echo '{' >half/case.json
run 2 scan --case half --evidence EX-1 ev
says err "its 'case.json' is damaged"

# One scan at a time; a folder of one's own; not among the evidence.
run 1 scan --case free ev/deep
exec 8>free/lock
flock -n 8
run 2 scan --case free ev/deep
says err "another scan is at work"
exec 8>&-
chmod 755 free
run 2 scan --case free ev/deep
says err "others have rights to this folder"
mkdir things
: >things/letter
run 2 scan --case things ev
says err "holds other things"
run 2 scan --case ev/case ev
says err "lies in what is to be scanned"
run 2 scan --case ev/deep/case ev
[ ! -e ev/case ] && [ ! -e ev/deep/case ]
mkdir ev-with
echo ev-with | feed 2 scan --case ev-with/case --files-from - known-1.jpg
says err "lies in what is to be scanned"
mkdir open
run 1 scan --case open ev/deep
is "an empty folder becomes the user's alone" 700 "$(stat -c %a open)"
run 64 scan --restart ev
says err "goes with --case"
run 64 scan --case c -
says err "standard input cannot be scanned again"
run 64 scan --evidence "$(printf 'a\nb')" ev
says err "must be a line of UTF-8"

# Nothing is noted that could not be kept.
if [ -w /dev/full ]; then
	mkdir full
	run 1 scan --case full ev/deep
	rm full/results.jsonl full/files.jsonl
	sed -i 's/"state": "complete"/"state": "running"/' full/case.json
	ln -s /dev/full full/results.jsonl
	run 2 scan --case full ev/deep
	says err "'results.jsonl'"
fi

# A file that may not grow is one that cannot be written.
(ulimit -f 4 && run 2 scan --all --case limited ev/deep && says err ".jsonl': file too large")
run 1 scan --all --case limited ev/deep

# An interrupt ends a case cleanly; it goes on.
"$TUTELA" scan --case stopped -j 1 ev >out 2>err &
pid=$!
sleep 0.1
kill -INT $pid 2>/dev/null || :
wait $pid || :
run 1 scan --case stopped ev
is "all of them" "$n" "$(wc -l <stopped/files.jsonl)"

# What allow lists silenced is counted once more when a scan goes on.
cp -r "$TUTELA_STORE" silent
run 0 -d silent allow --reason ours known-1.jpg
cp known-[12].jpg few
run 1 -d silent --json scan --case allowed few
cp out summary
cp -r allowed on
sed 's/"state": "complete"/"state": "running"/' allowed/case.json >on/case.json
run 1 -d silent --json scan --case on few
says err "3 files had been done before"
is "allowed, and their hits" "1 1" "$(summary allowed) $(summary allowed_hits)"
is "the same as at once" "$(sed 's/"seconds".*//' summary)" "$(sed 's/"seconds".*//' out)"

# Looking at a complete case is no scan of it, and the audit log says so.
mkdir looked
echo text >looked/a.txt
run 0 -d seen init
run 0 -d seen list create l
run 0 -d seen scan --case one looked
run 0 -d seen scan --case one looked
says out "this case is complete since" ": 1 file, 0 match; --restart scans again"
run 0 -d seen --json audit show
is "one scan, one look" "$(printf '1\t-\n-\tfalse')" "$(json -w action=scan-end -g detail.files -g detail.scanned <out)"
