# SPDX-License-Identifier: Apache-2.0
# NCMEC hash sharing against a server on this machine: what a sync leaves in the store, what is refused, feedback.
. "$TESTS/lib.sh"
. "$TESTS/lib_feed.sh"

run 0 init
serve nc --entries 4000 --huge 1500 --changes 300 --each 0 --seed 5 --authorization "Basic ZGVtbzpzZWNyZXQ="
printf 'demo:secret\n' >credentials
chmod 600 credentials
run 0 source add nc --type ncmec --url "$URL" --credentials credentials

# The first sync takes everything: images and videos, all fingerprints, tombstones, votes.
run 0 --json sync
is "status" "ok null 0" "$(json -w type=sync -g status -g reason -g quarantined <out | tr '\t' ' ')"
ask state >state
grep ^active state >want
run 0 export --list nc --format records
LC_ALL=C sort out >got
cmp want got || fail "the store differs from the server"
is "tombstones" "$(grep -c ^withdrawn state)" "$(run 0 --json list show nc && json -g withdrawn <out)"
for label in 'sha1:' 'photodna:' 'pdq:' 'kind=image' 'kind=video' 'classification=' 'feedback.md5.up=' 'feedback.md5.reason='; do
	grep -q "$label" got || fail "no entry has $label"
done

# Nothing new, nothing changed; neither credentials nor queries are shown anywhere.
run 0 --json sync nc
is "again" "0 0 0" "$(json -w type=sync -g added -g changed -g withdrawn <out | tr '\t' ' ')"
run 0 sync --dry-run
! grep -rqF secret out err "$TUTELA_STORE" || fail "the password was written down"

# An entry that is held, entries of other members, and a dry run: nothing enters. One feed in, another out.
run 0 source members nc
is "members" "1 Org 1,2 Org 2," "$(sed 's/  */ /' out | tr '\n' ',')"
run 0 source add only --type ncmec --url "$URL/" --credentials credentials --member 2 --member 4
run 0 --json sync only --dry-run
run 2 list show only
run 0 sync only
run 0 export --list only --format records
cut -f 2 out | cut -d / -f 1 | sort -u | tr '\n' ' ' >members
is "members" "2 4 " "$(cat members)"
ask state | grep '^active' | grep -E '	(2|4)/' >want
LC_ALL=C sort out >got
cmp want got || fail "the members' entries differ"

# Deletions and changes come through, to the second.
ask settle >/dev/null
sleep 7
run 0 --json sync nc
ask state >state
grep ^active state >want
run 0 export --list nc --format records
LC_ALL=C sort out >got
cmp want got || fail "after changes the store differs from the server"
run 0 check
is "asked wrongly" "future 0 mixed 0 unauthorized 0 backward 0" "$(ask stats | sed 's/.* future/future/')"

# A transport with faults, and `next` that is refused: the same end. What fails leaves the checkpoint where it was.
ask faults/15 >/dev/null
run 0 source add faulty --type ncmec --url "$URL" --credentials credentials
i=0
until "$TUTELA" sync faulty >out 2>err; do
	i=$((i + 1))
	[ $i -lt 20 ] || fail "no sync got through in 20"
done
run 0 export --list faulty --format records
LC_ALL=C sort out >got
cmp want got || fail "over a faulty transport the store differs from the server"
ask faults/0 >/dev/null

# Credentials: refused by the server, by their mode, and from the environment.
printf 'demo:wrong\n' >wrong
chmod 600 wrong
run 0 source add denied --type ncmec --url "$URL" --credentials wrong
run 2 sync denied
says err "the server does not accept the credentials"
says_not err wrong:
chmod 644 wrong
run 2 sync denied
says err "others may read this credentials file"
run 0 source add bare --type ncmec --url "$URL"
run 2 sync bare
says err "there are no credentials"
TUTELA_NCMEC_CREDENTIALS=demo:secret run 0 sync bare
TUTELA_NCMEC_CREDENTIALS=secret run 2 sync bare
says err "not user:password"
run 0 source add lawful --type ncmec --url law-enforcement-test --credentials credentials
says out "https://betalesp.ncmec.org/csam-hashsharing"

# Feedback is sent by this command alone. (The public client could not read the list of reasons.)
is "no votes" "" "$(ask votes)"
run 0 feedback nc --algorithm sha1 --reasons
says out "01234567-abcd-0123-4567-0123456789ab  Demo reason" "Other reason"
run 0 feedback nc 3/e000004 --algorithm md5 --up
run 0 --json feedback nc "3/e 4" -a photodna --down --reason 'other REASON'
is "vote" "down" "$(json -w type=feedback -g vote <out)"
ask votes >votes
says votes "/v2/entries/3/e000004/MD5/feedback [application/xml; charset=utf-8] <?xml" "<affirmative/>" \
	"/v2/entries/3/e 4/PDNA/feedback" "<guid>01234567-abcd-0123-4567-0123456789ac</guid>"
is "votes" 2 "$(grep -c feedbackSubmission votes)"
run 0 --json audit show
is "told" "$(printf 'nc\t3/e000004\tmd5\tup\t-\nnc\t3/e 4\tphotodna\tdown\tother REASON')" \
	"$(json -w action=feedback -g detail.source -g detail.entry -g detail.algorithm -g detail.vote -g detail.reason <out)"
run 2 feedback nc 3/e000004 --algorithm md5 --down --reason 'no such'
says err "'nc' knows no such reason; --reasons shows its 2"
run 2 feedback nc e000004 --algorithm md5 --up
says err "its id is member/entry"
mkdir folder
run 0 source add other --type tat --url "$URL" --credentials credentials
run 2 feedback other 1/x --algorithm md5 --up
says err "this is for sources of the type ncmec"
run 2 source members other
run 0 source suspend nc
run 2 feedback nc 1/x --algorithm md5 --up
says err "the source is suspended"
run 2 feedback none 1/x --algorithm md5 --up
says err "no such source"
run 0 --json audit show
is "refused ones are not told" 2 "$(json -w action=feedback -c <out)"
run 64 feedback nc 1/x --algorithm md5
run 64 feedback nc 1/x --algorithm md5 --up --reason x
run 64 feedback nc 1/x --algorithm md5 --down
run 64 feedback nc 1/x --algorithm sha256 --up
run 64 feedback nc --algorithm md5 --up

# A page in a file.
cat >page.xml <<'END'
<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>
<image><member id="7">Demo</member><id>a</id><fingerprints><md5>00112233445566778899AABBCCDDEEFF</md5></fingerprints></image>
<image><id>b</id></image>
<deletedImage><member id="7">Demo</member><id>c</id></deletedImage>
</images></queryResult>
END
run 0 --json import --list file --format ncmec page.xml
is "imported" "1 1" "$(json -g added -g bad <out | tr '\t' ' ')"
says err "page.xml:3: the entry has no member"
stop_server
