# SPDX-License-Identifier: Apache-2.0
# Damaged records of the journal: passed over, named, and the exit status says that something is unknown.
. "$TESTS/lib.sh"

run 0 init
mkdir disk
for i in 1 2 3 4; do
	"$MKPICTURE" --seed $i disk/file$i.jpg
done
run 0 --json hash disk/file1.jpg disk/file3.jpg disk/file4.jpg
json -g pdq <out >hashes
echo "pdq $(sed -n 1p hashes) e1" >list.txt
run 0 import --list l list.txt
run 1 scan --ordered -j 1 --journal disk
damage disk/file2.jpg

# What can be read is matched, though nothing new is found: what cannot might have been.
run 2 --json rescan --journal
is "the others" "$(printf '3\t1\t0\t1')" "$(json -w type=rescan-summary -g files -g match -g new -g damaged <out)"
is "which" 2 "$(json -w type=journal-damaged -g number <out)"
says err "record 2 of the journal is damaged, and passed over" "1 of 4 records of the journal" "is damaged"
run 2 rescan --journal
says out "3 files of the journal"
echo "pdq $(sed -n 2p hashes) e3" >more.txt
run 0 import --list l more.txt
run 1 --json rescan --journal
is "behind it" disk/file3.jpg "$(json -w type=rescan -g path <out)"

run 2 --json audit affected
is "the others" "$(printf '3\t1\t0\t1')" "$(json -w type=affected-summary -g files -g hits -g affected -g damaged <out)"
is "which" 2 "$(json -w type=journal-damaged -g number <out)"
run 0 dispute --list l e1
run 1 --json audit affected
is "affected" e1 "$(json -w type=affected -g entry <out)"
says err "record 2 of the journal is damaged"

run 2 --json stats
is "counted" 3 "$(json -w what=files -w by=month -g count <out)"
is "and not" 1 "$(json -w what=damaged -g count <out)"
says err "record 2 of the journal is damaged" "1 of 4 records of the journal"
run 2 stats
says out "damaged in the journal"
run 2 stats --csv
says out "damaged,"
run 2 journal
says out "damaged: 1"
run 2 --json check
is "found" 1 "$(json -w type=check -g findings <out)"
says out "record 2 of the journal of"

# Many are named up to ten, and all counted.
mkdir many
for i in 10 11 12 13 14 15 16 17 18 19 20 21; do
	cp disk/file4.jpg many/odd$i.jpg
done
run 0 scan --journal many
for i in 10 11 12 13 14 15 16 17 18 19 20 21; do
	damage many/odd$i.jpg
done
run 2 audit affected --list none
is "ten" 10 "$(grep -c "passed over" err)"
says err "13 of 16 records of the journal"

run 0 journal prune --before 9000-01-01 --yes
run 0 audit affected
run 0 check
