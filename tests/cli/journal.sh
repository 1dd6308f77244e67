# SPDX-License-Identifier: Apache-2.0
# scan --journal, rescan, audit affected: past hits and new entries, without the pictures. Scans in the audit log.
. "$TESTS/lib.sh"

run 0 init
mkdir disk
for i in 1 2 3; do
	"$MKPICTURE" --seed $i disk/p$i.jpg
done
run 0 --json hash disk/p1.jpg disk/p2.jpg
json -g pdq <out >hashes
echo "pdq $(sed -n 1p hashes) e1" >list.txt
run 0 import --list l list.txt

# Start and end of a scan are told; without --journal nothing else is kept.
run 1 scan disk
empty err
run 0 --json audit show
is "told" "$(printf 'scan-start\nscan-end')" "$(json -g action <out | tail -n 2)"
is "what it came to" "$(printf '3\t1')" "$(json -w action=scan-end -g detail.files -g detail.match <out)"
is "one scan" "$(json -w action=scan-start -g detail.scan <out)" "$(json -w action=scan-end -g detail.scan <out)"
says_not out p1.jpg
run 0 --json rescan --journal
is "nothing kept" 0 "$(json -g files <out)"

run 1 scan --journal disk
run 64 rescan
run 64 rescan --journal disk
run 0 --json rescan --journal
is "nothing new" "$(printf '3\t1\t0')" "$(json -w type=rescan-summary -g files -g match -g new <out)"
run 0 audit affected
says out "1 hit of the journal, 0 rest on"

# A new entry finds the file that is gone by now, in another orientation too.
rm disk/p2.jpg
"$MKPICTURE" --seed 3 --mirror mirrored.png
run 0 --json hash mirrored.png
echo "pdq $(json -g pdq <out) e3" >more.txt
echo "pdq $(sed -n 2p hashes) e2" >>more.txt
run 0 import --list l more.txt
run 1 --json rescan --journal
is "the file" "$(printf 'match\te2\t1')" "$(json -w type=rescan -w path=disk/p2.jpg -g verdict -g hits.0.entry -g new <out)"
is "mirrored" "e3" "$(json -w type=rescan -w path=disk/p3.jpg -g hits.0.entry <out)"
is "only what is new" 2 "$(json -w type=rescan -c <out)"
is "audited" true "$(json -w type=rescan-summary -g audited <out)"
run 0 --json audit show
is "told" "$(printf 'rescan-start\nrescan-end')" "$(json -g action <out | tail -n 2)"
is "what it came to" "$(printf '3\t3\t2\t0\t0')" "$(json -w action=rescan-end -g detail.files -g detail.match -g detail.new \
	-g detail.damaged -g detail.flood <out | tail -n 1)"
is "one rescan" "$(json -w action=rescan-start -g detail.scan <out)" "$(json -w action=rescan-end -g detail.scan <out)"
"$TUTELA" --json audit show | wc -l >n
run 1 --json rescan --journal --no-audit
empty err
is "not told" false "$(json -w type=rescan-summary -g audited <out)"
is "nothing written" "$(cat n)" "$("$TUTELA" --json audit show | wc -l)"
run 1 rescan --journal --all
says out "disk/p1.jpg" "3 files of the journal, 2 with new hits, 0 undetermined"
run 0 rescan --journal --since 9000-01-01
run 64 rescan --journal --since monday

# What was undetermined stays so, and the exit status says it though nothing is new.
mkdir other
head -c 900 disk/p1.jpg >other/cut.jpg
run 0 -d third init
run 0 -d third import --list l list.txt
run 2 -d third scan --journal other
run 2 -d third --json rescan --journal
is "still" "$(printf '1\t1\t0')" "$(json -w type=rescan-summary -g files -g undetermined -g new <out)"
run 2 -d third rescan --journal
says out "1 file of the journal, 0 with new hits, 1 undetermined"

# An entry that is withdrawn: the past hits that rested on it.
run 0 dispute --list l --reason "a mistake" e1
run 1 --json audit affected
is "affected" "$(printf 'disk/p1.jpg\tl\te1\tdisputed\ttrue\ta mistake')" \
	"$(json -w type=affected -g path -g list -g entry -g status -g local -g reason <out)"
run 0 audit affected --list other
run 0 audit affected --since 9000-01-01
run 64 audit affected --since monday
run 0 dispute --list l --restore e1
run 0 audit affected
run 0 list remove l --yes
run 1 --json audit affected
is "removed" removed "$(json -w type=affected -g status <out)"

# Digests only: no name is kept.
run 0 -d two init
run 0 -d two import --list l list.txt
run 1 -d two scan --journal-digests disk
run 0 -d two dispute --list l e1
run 1 -d two --json audit affected
says_not out '"path"'
is "but a digest" "$(sha256sum <disk/p1.jpg | cut -c 1-64)" "$(json -w type=affected -g sha256 <out)"
! grep -aq p1.jpg two/data.mdb || fail "a name is in the store"
run 0 audit verify
run 0 check

# How much there is, from when; what is old is deleted, and that is told.
day=$(date -u +%Y-%m-%d)
run 0 --json journal
is "holds" "$(printf '3\t1\t0')" "$(json -w type=journal -g files -g hits -g damaged <out)"
run 0 journal
says out "3 files with 1 hit," "$day"
run 64 journal prune
run 64 journal prune --before "$day"
says err "say --yes"
run 64 journal prune --before monday --yes
run 64 journal --yes
run 64 journal burn
run 0 --json journal prune --before 2001-01-01 --yes
is "nothing so old" 0 "$(json -g files <out)"
run 0 --json audit show
is "nothing told" 0 "$(json -w action=journal-prune -c <out)"
run 0 journal prune --before 9000-01-01 --yes
says out "deleted: 3 files with 1 hit,"
run 0 --json journal
is "empty" "$(printf '0\tnull')" "$(json -g files -g first <out)"
run 0 --json audit show
is "told" "$(printf '3\t1\t9000-01-01T00:00:00Z')" "$(json -w action=journal-prune -g detail.files -g detail.hits -g detail.before <out)"

# Look-ups of other programs are kept as files are, without a name.
run 0 import --list m list.txt
sed -n 1p hashes >asked
echo "pdq $(hex 7)" >>asked
echo "nonsense" >>asked
run 1 --json lookup --algorithm pdq --journal --quality 80 <asked
run 0 --json journal
is "two questions" "$(printf '2\t1')" "$(json -g files -g hits <out)"
run 0 --json audit show
is "told too" "$(printf '3\t1\t1')" "$(json -w action=lookup-end -g detail.asked -g detail.match -g detail.undetermined <out)"
is "one look-up" "$(json -w action=lookup-start -g detail.scan <out)" "$(json -w action=lookup-end -g detail.scan <out)"
run 0 dispute --list m --reason "a mistake" e1
run 1 --json audit affected
is "affected" "$(printf 'm\te1\t0')" "$(json -w type=affected -g list -g entry -g distance <out)"
echo "pdq $(hex 7) e7" >seven.txt
run 0 import --list m seven.txt
run 1 --json rescan --journal
is "found now" e7 "$(json -w type=rescan -g hits.0.entry <out)"
run 0 lookup --pdq "$(hex 9)"
run 0 --json journal
is "only when asked for" 2 "$(json -g files <out)"

# The answer to a program that asks through a pipe is on disk a moment later, though it asks no further.
mkfifo pipe
"$TUTELA" lookup --journal <pipe >answers 2>pipe.err &
pid=$!
exec 9>pipe
echo "pdq $(hex 8)" >&9
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$TUTELA" --json journal >out
	[ "$(json -g files <out)" = 3 ] && break
	sleep 0.2
done
is "on disk" 3 "$(json -g files <out)"
exec 9>&-
wait $pid || fail "the look-up: $(cat pipe.err)"
run 0 audit verify

# A writer at work does not hold a scan up: what is due in the audit log follows when it is done.
rm pipe
mkfifo pipe
run 0 list create other
run 0 import --list l list.txt
records() {
	run 0 --json audit show
	json -g action <out | grep -c scan- || :
}
records >n
before=$(cat n)
busy
"$TUTELA" --json scan disk >lines 2>err 3>&- &
scan=$!
sleep 1
kill -0 "$writer" 2>/dev/null || fail "the writer is gone too early"
exec 3>&-
wait "$writer"
wait "$scan" || :
empty err
is "told afterwards" true "$(json -w type=summary -g audited <lines)"
is "start and end" $((before + 2)) "$(records)"
is "one scan" "$(json -w action=scan-start -g detail.scan <out | tail -n 1)" \
	"$(json -w action=scan-end -g detail.scan <out | tail -n 1)"
is "when it began" "$(json -w type=summary -g started <lines)" \
	"$(json -w action=scan-start -g detail.started <out | tail -n 1)"

# One that does not end: the verdict stands, and the summary says what the audit log lacks.
busy
run 1 --json scan disk
is "a warning, once" 1 "$(grep -c "the audit log does not tell of this scan: the store is being written" err)"
is "not told" false "$(summary audited)"
exec 3>&-
wait "$writer"

# Nor does it tell when it must not.
before=$(records)
run 1 --json scan --no-audit disk
empty err
is "said" false "$(summary audited)"
cp out silent.jsonl
run 0 report --from silent.jsonl --format html
says out "The audit log of the store does not tell of this scan."
is "nothing written" "$before" "$(records)"
run 64 scan --no-audit --journal disk
says err "tutela: '--no-audit': does not go with a journal"

# A command line that is longer than a record.
long=$(head -c 30000 /dev/zero | tr '\0' x)
run 1 --json scan disk "$long" "${long}y"
is "told all the same" true "$(summary audited)"
run 0 --json audit show
is "without the words" true "$(json -w action=scan-end -g detail.parameters.left_out <out | tail -n 1)"
run 64 scan --evidence "$long" disk
says err "tutela: '--evidence': must be a line of UTF-8, at most 1024 bytes"
