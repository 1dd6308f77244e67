# SPDX-License-Identifier: Apache-2.0
# A journal while another program writes the store for long: kept in memory, and nothing of it is lost.
. "$TESTS/lib.sh"

run 0 init
run 0 list create other
mkdir disk
for i in 1 2 3; do
	"$MKPICTURE" --seed $i disk/p$i.jpg
done
mkfifo pipe

# A scan that has come to where it waits for the writer.
scan_and_wait() {
	"$TUTELA" --json scan --journal disk >lines 2>note 3>&- &
	scan=$!
	i=0
	until grep -q "waiting to write the journal" note || [ $i -ge 200 ]; do
		i=$((i + 1))
		sleep 0.1
	done
}

# Longer than the five seconds that it waits in silence.
busy
scan_and_wait
says note "is being written by process $writer"
kill -0 $scan 2>/dev/null || fail "the scan did not wait"
exec 3>&-
wait "$writer" || fail "the import"
status=0
wait $scan || status=$?
is "the scan is as ever" 0 $status
is "told" "$(printf '3\ttrue\t-')" "$(json -w type=summary -g files -g audited -g unjournaled <lines)"
run 0 --json journal
is "kept" "$(printf '3\t0')" "$(json -g files -g damaged <out)"

# Asked to stop, it does not wait on; what is lost is said, and the exit status too.
busy
scan_and_wait
kill -INT $scan
status=0
wait $scan || status=$?
is "trouble" 2 $status
says note "the journal cannot be written: " "is being written" "files that are missing from the journal: 3"
is "counted" 3 "$(json -w type=summary -g unjournaled <lines)"
exec 3>&-
wait "$writer"
run 0 --json journal
is "no more" 3 "$(json -g files <out)"
