# SPDX-License-Identifier: Apache-2.0
# audit: shown, exported, verified; held to checkpoints that minisign's format signs.
. "$TESTS/lib.sh"

run 0 init
{
	echo "pdq $(hex 1) e1"
	echo "pdq $(hex 2) e2"
} >list.txt
run 0 import --list l list.txt
run 0 list set l --pdq-threshold 20
run 0 audit verify
says out "the audit log is whole: 3 records"
run 0 --json audit verify
is "whole" "$(printf 'true\t3\t0')" "$(json -g whole -g records -g checkpoints <out)"
json -g head <out >head

# The table, the lines as stored, the lines since.
run 0 audit show
says out "create" "update" "list-set" "pdq_threshold=20"
run 0 --json audit show
is "records" 3 "$(wc -l <out)"
cp out shown
run 0 audit show --since 3
says_not out create
run 0 --json audit show --since 3
is "since a number" list-set "$(json -g action <out)"
run 0 --json audit show --since 2020-01-01
cmp out shown || fail "since a day"
run 0 --json audit show --since 9000-01-01T00:00:00Z
empty out
run 64 audit show --since yesterday
says err "--since" "'yesterday' is no record's number"
run 64 audit
run 64 audit sing
run 64 audit show show

# An export holds the exact bytes: sha256sum alone can follow the chain.
run 0 audit export --out log.jsonl
empty out
cmp log.jsonl shown || fail "the export is not what is stored"
run 2 audit export --out log.jsonl
says err "'log.jsonl': file exists"
run 0 audit export
cmp out shown || fail "the export on standard output"
before=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
	is "prev" "$before" "$(printf '%s\n' "$line" | json -g prev)"
	before=$(printf '%s' "$line" | sha256sum | cut -c 1-64)
done <log.jsonl
is "head" "$(cat head)" "$before"

# Checkpoints.
run 0 key generate --no-passphrase --out k
run 0 key generate --no-passphrase --out other
run 64 audit checkpoint --key k
run 64 audit checkpoint --out c
run 0 --json audit checkpoint --key k --out c
is "number" 3 "$(json -g number <out)"
is "the text" "number 3" "$(sed -n 3p c)"
is "the head" "head $before" "$(sed -n 4p c)"
run 2 audit checkpoint --key k --out c
says err "'c': file exists"
run 0 --json audit show --since 4
is "recorded" "$(printf 'checkpoint\t3')" "$(json -g action -g detail.number <out)"
if command -v minisign >/dev/null; then
	minisign -Vqm c -p k.pub || fail "minisign does not agree"
fi
run 0 audit verify --checkpoint c --key k.pub
says out "4 records, held to 1 checkpoint,"
run 0 audit verify --checkpoint c --key other.pub --key k.pub
run 2 audit verify --checkpoint c --key other.pub
says err "'c': it is signed by another key"
run 64 audit verify --checkpoint c
sed 's/^number 3/number 2/' c >forged
cp c.minisig forged.minisig
run 2 audit verify --checkpoint forged --key k.pub
says err "'forged': its signature does not hold"
echo x >forged.minisig
run 2 audit verify --checkpoint forged --key k.pub
says err "'forged.minisig': not a signature"
rm forged.minisig
run 2 audit verify --checkpoint forged --key k.pub
says err "'forged.minisig': no such file"
run 2 audit verify --checkpoint c --key c
says err "'c': not the file of a public key"

# An export is verified without a store; what was done to it is found.
run 0 audit export --out now.jsonl
run 0 -d nowhere audit verify --export now.jsonl --checkpoint c --key k.pub
says out "4 records"
bad() {
	run 2 -d nowhere --json audit verify --export "$1" --checkpoint c --key k.pub
	is "first bad record of $1" "$2" "$(json -g bad <out)"
	says err "record $2 of the audit log does not hold: $3"
}
sed '2s/"added":2/"added":3/' now.jsonl >edited
bad edited 3 "it does not follow record 2"
sed 2d now.jsonl >removed
bad removed 2 "number 3 stands in its place"
awk 'NR == 2 { held = $0; next } { print } NR == 3 { print held }' now.jsonl >moved
bad moved 2 "number 3 stands"
head -n 2 now.jsonl >short
bad short 3 "it is missing: the checkpoint of"
: >none
bad none 1 "it is missing"
head -c 100 now.jsonl >half
bad half 1 "it is no JSON object"
run 2 audit verify --export missing.jsonl
says err "'missing.jsonl': no such file"

# Another store's log is not this one's.
run 0 -d two init
run 2 -d two audit verify --checkpoint c --key k.pub
says err "it is of another store"
