# SPDX-License-Identifier: Apache-2.0
# Look-ups go on while a sync puts a large list in: none waits for it, and none is wrong before, during or after.
. "$TESTS/lib.sh"

ENTRIES=60000

run 0 -d pub init
awk -v n=$ENTRIES 'BEGIN { for (i = 1; i <= n; i++) printf "sha256 %064x e%d\n", i * 7919, i }' >many.txt
run 0 -d pub import --list many many.txt
run 0 key generate --no-passphrase --out k
run 0 -d pub publish --list many --key k --out out.bundle
run 0 init
echo "pdq $(hex 1) ours" >ours.txt
run 0 import --list ours ours.txt
run 0 source add fp --key k.pub --url "$PWD/out.bundle"

first=$(printf '%064x' 7919) last=$(printf '%064x' $((ENTRIES * 7919)))
verdicts() { # of ours, of what is nowhere, of the first and the last entry that come
	run 1 --json lookup --pdq "$(hex 1)" --sha256 "$(hex f)" --sha256 "$first" --sha256 "$last"
	empty err
	json -g verdict <out | tr '\n' ' '
}
BEFORE="match no-match no-match no-match " AFTER="match no-match match match "
is "before" "$BEFORE" "$(verdicts)"

"$TUTELA" sync >sync.out 2>&1 &
sync=$!
during=0 came=0
while kill -0 "$sync" 2>/dev/null; do
	now=$(verdicts)
	case $now in
	"$BEFORE") [ $came -eq 0 ] || fail "the list came and went" ;;
	"$AFTER") came=1 ;;
	*) fail "a list that is seen in part: $now" ;;
	esac
	during=$((during + 1))
done
wait "$sync" || fail "$(cat sync.out)"
is "after" "$AFTER" "$(verdicts)"
# One that waited for the writer would be the only one.
[ $during -ge 3 ] || fail "only $during answers while the list came"
