# SPDX-License-Identifier: Apache-2.0
# audit repair: a damaged record stays, is told of for ever, and no longer holds up the store.
. "$TESTS/lib.sh"

run 0 init
echo "pdq $(hex 1) e1" >list.txt
run 0 import --list l list.txt
run 0 key generate --no-passphrase --out k
run 0 audit checkpoint --key k --out early
run 2 audit repair --reason none --yes
says err "no damage that no record owns up to"
run 64 audit repair --yes
says err "--reason TEXT"
run 64 audit repair --reason 'a bad disk'
says err "say --yes"
run 0 list set l --expires 2031-03-04
run 0 audit checkpoint --key k --out late
run 0 list set l --expires 2032-05-06
is "records" 6 "$("$TUTELA" --json audit show | wc -l)"

# The newest record: no change is taken, reading goes on.
damage 2032-05-06T
run 2 list set l --expires 2033-01-01
says err "nothing can be added until the log is repaired"
run 1 lookup --pdq "$(hex 1)"
run 2 --json audit verify
is "bad" "$(printf 'false\t6')" "$(json -g whole -g bad <out)"
run 2 audit verify --except 6
says err "record 6 of the audit log does not hold" "there is no gap that a record owns up to"
run 2 audit checkpoint --key k --out never
[ ! -e never ] || fail "damage was vouched for"
run 2 check
run 0 audit show
says out "     6  -                     (damaged)"
run 0 --json audit repair --reason 'a bad disk' --yes
is "repaired" "$(printf '7\t6')" "$(json -g number -g bad <out)"
says err "make a checkpoint now"
run 2 audit repair --reason 'again' --yes

# Changes are taken; the gap is named for ever, and known to whoever says so.
run 0 list set l --expires 2033-01-01
run 0 audit checkpoint --key k --out after
run 0 check
run 2 audit verify
says err "record 6 of the audit log: a gap, owned up to by record 7: its checksum does not hold"
says out "whole but for its gaps: 9 records"
run 2 --json audit verify
is "gap" "$(printf 'false\t9\t6\t6\t7\tfalse')" "$(json -g whole -g records -g gaps.0.first -g gaps.0.last -g gaps.0.repaired -g gaps.0.known <out)"
run 0 audit verify --except 6
says err "record 6 of the audit log: a known gap"
run 2 audit verify --except 6 --except 5
says err "record 5 of the audit log: there is no gap"
run 64 audit verify --except six
run 0 audit verify --except 6 --checkpoint early --checkpoint after --key k.pub
run 0 --json audit show
is "why" "a bad disk" "$(json -w action=audit-repair -g detail.reason <out)"
is "its bytes" "$(json -w type=audit-damaged -g sha256 <out)" "$(json -w action=audit-repair -g detail.gaps.0.sha256 <out)"

# An export says the same elsewhere, and what is changed in it is found.
run 0 audit export --out log.jsonl
run 2 -d nowhere audit verify --export log.jsonl
says err "record 6 of the audit log: a gap, owned up to by record 7"
run 0 -d nowhere audit verify --export log.jsonl --except 6 --checkpoint after --key k.pub
sed '6s/"hex":"../"hex":"00/' log.jsonl >other.jsonl
run 2 -d nowhere audit verify --export other.jsonl --except 6
says err "record 6 of the audit log does not hold"

# One from the middle: what checkpoints made since say of the records before it is lost.
damage 2031-03-04T
run 0 list set l --expires never
run 2 audit verify --except 6
says err "record 4 of the audit log does not hold"
run 0 audit repair --reason 'the same disk' --yes
run 0 audit verify --except 4 --except 6 --checkpoint early --checkpoint late --checkpoint after --key k.pub
says err "record 4 of the audit log: a known gap, owned up to by record 11; 2 checkpoints no longer speak for"
