# SPDX-License-Identifier: Apache-2.0
# A full disk and a read-only one: a clear sentence, status 2, nothing lost, nothing half-written.
. "$TESTS/lib.sh"

cat >probe.sh <<-'END'
	mkdir probe
	mount -t tmpfs -o size=1m none probe
END
unshare -m sh -e probe.sh 2>/dev/null || {
	echo "mounting needs root"
	exit 77
}
i=0
while [ $i -lt 40000 ]; do
	echo "$i"
	i=$((i + 1))
done | awk '{ printf "sha256 %064x entry-%d\n", $1 * 2654435761 + 1, $1 }' >large
head -n 5 large >small
"$MKPICTURE" --seed 1 a.jpg

# The rest runs where mounts are gone afterwards.
cat >inside.sh <<-'END'
	. "$TESTS/lib.sh"
	mkdir disk
	mount -t tmpfs -o size=2m none disk
	run 0 init disk/store
	run 0 -d disk/store import --list l small
	run 0 --json -d disk/store list
	cp out lists
	run 2 -d disk/store import --list l large
	says err "tutela: " "disk full"
	run 2 -d disk/store import --list m large
	says err "disk full"
	run 0 --json -d disk/store list
	cmp out lists
	run 1 -d disk/store lookup --sha256 "$(sed -n 's/^sha256 \([0-9a-f]*\) .*/\1/p' small | tail -n 1)"
	run 0 -d disk/store check
	run 0 -d disk/store withdraw --list l entry-1
	head -c 10000000 /dev/zero >disk/filler 2>/dev/null || :
	run 2 -d disk/store export --list l --output disk/exported
	is "nothing half-written" "" "$(ls disk | grep exported || :)"
	run 2 init disk/another
	# With next to nothing left: a sentence, whichever file it is that finds no place. Readers, too.
	for pages in 0 1 2 3 4 6 8 10 12 16 20; do
		rm -rf disk/another disk/filler
		head -c "$((pages * 4096))" /dev/zero >disk/kept 2>/dev/null || :
		head -c 10000000 /dev/zero >disk/filler 2>/dev/null || :
		rm disk/kept
		got=0
		"$TUTELA" init disk/another >out 2>err || got=$?
		[ $got -eq 0 ] && continue
		check_status 2 $got "init with $pages pages left"
		says err "disk full"
	done
	rm -rf disk/another
	head -c 10000000 /dev/zero >>disk/filler 2>/dev/null || :
	rm disk/store/lock.mdb
	head -c 10000000 /dev/zero >>disk/filler 2>/dev/null || :
	run 2 -d disk/store status
	says err "disk full"
	rm disk/filler
	run 0 -d disk/store status
	head -c 10000000 /dev/zero >disk/filler 2>/dev/null || :
	got=0
	"$TUTELA" hash a.jpg >disk/hashes 2>err || got=$?
	is "a full disk below stdout" 2 $got

	# What other commands write there: one sentence, and no file.
	"$TUTELA" -d disk/store scan --no-audit --json --all . >scan.jsonl 2>/dev/null || :
	"$TUTELA" -q key generate --no-passphrase --out k >/dev/null
	ls disk >there
	for format in jsonl csv vics case html; do
		run 2 report --from scan.jsonl --format $format --out disk/report
		says err "'disk/report': no space left on device"
		is "sentences about $format" 1 "$(wc -l <err)"
	done
	! command -v gnuplot >/dev/null || {
		run 2 -d disk/store stats --plot disk/plot.svg
		says err "'disk/plot.svg': cannot be written: no space left on device"
	}
	for words in "key generate --no-passphrase --out disk/key" "-d disk/store audit export --out disk/audit" \
		"-d disk/store audit checkpoint --key k --out disk/point"; do
		run 2 $words
		says err "no space left"
	done
	ls disk | cmp - there
	run 2 -d disk/store publish --list l --key k --out disk/bundle
	says err "No space left"
	run 2 -d disk/store scan --no-audit --case disk/case a.jpg
	says err "no space left"
	rm -r disk/filler disk/bundle disk/case

	mount -o remount,ro disk
	run 0 -d disk/store status
	run 1 -d disk/store lookup --sha256 "$(sed -n 's/^sha256 \([0-9a-f]*\) .*/\1/p' small | tail -n 1)"
	run 0 -d disk/store check
	run 0 -d disk/store scan a.jpg
	for words in "import --list l small" "withdraw --list l entry-2" "list set l --action block" "list create z" \
		"list remove l --yes"; do
		run 2 -d disk/store $words
		says err "read-only"
	done
	run 2 init disk/new
	says err "read-only"
	run 2 -d disk/store export --list l --output disk/exported
	says err "read-only"
	umount disk
END
unshare -m sh -eu inside.sh
