# SPDX-License-Identifier: Apache-2.0
# Three focal points, a hub that subscribes to all and publishes again, two subscribers: every store ends as predicted,
# and a look-up changes with the commit.
. "$TESTS/lib.sh"

# The store of somebody: as WHO STATUS WORD...
as() {
	TUTELA_STORE=$PWD/store.$1
	export TUTELA_STORE
	shift
	run "$@"
}

# digest BUNDLE LIST: what was signed as the list's digest
digest() {
	manifest=$(sed -n '/"list": "'"$2"'"/,/}/ s/.*"manifest": "\(.*\)",/\1/p' "$1/lists.json")
	sed -n 's/.*"digest": "\(.*\)",/\1/p' "$1/$manifest"
}

# found WHO SEED: 1 when the store matches the hash
found() {
	got=0
	"$TUTELA" -d "store.$1" lookup --pdq "$(hex "$2")" >/dev/null 2>&1 || got=$?
	echo $got
}

# issue WHO [OPTION]...: publish the focal point's list with its key
issue() {
	who=$1
	shift
	as "$who" 0 --json publish --list "$who" --key "key.$who" --out "out.$who" "$@"
}

# relay: the hub takes in what there is and publishes it again
relay() {
	as hub 0 sync
	as hub 0 publish --list fi --list jp --list nl --key key.hub --out out.hub
}

# both FROM TO: both subscribers sync, and the list went from one version to another
both() {
	for who in isp police; do
		as $who 0 --json sync
		is "$who: $1" "$2" "$(json -w type=sync -w "list=$1" -g from_version -g to_version -g status <out | tr '\t' ' ')"
	done
}

# same LIST: what was signed first, what the hub signed, and what both subscribers publish of it, are the same
same() {
	signed=$(digest "out.$1" "$1")
	[ ${#signed} -eq 64 ] || fail "no digest of '$1'"
	is "hub's $1" "$signed" "$(digest out.hub "$1")"
	for who in isp police; do
		rm -rf out.proof
		as $who 0 publish --list "$1" --key key.proof --out out.proof
		is "$who's $1" "$signed" "$(digest out.proof "$1")"
	done
}

verifies() {
	minisign -Vm "$1" -p "$2" >minisign.out 2>&1 || fail "minisign does not verify '$1': $(cat minisign.out)"
}

# --- keys: ours, one of minisign's own, and one with a passphrase
for who in fi jp hub proof spare new; do
	run 0 key generate --no-passphrase --out "key.$who"
	is "mode" 600 "$(stat -c %a "key.$who")"
done
run 2 key generate --no-passphrase --out key.fi
says err "'key.fi.pub': it is there already"
minisign -G -W -p key.nl.pub -s key.nl >/dev/null
run 0 --json key show key.nl key.nl.pub
is "both halves" "$(sed -n 2p key.nl.pub)" "$(json -g public_key <out | sort -u)"
printf 'open sesame\n' >word
run 2 key generate --passphrase-file word --out key.locked
says err "others can read this passphrase"
chmod 600 word
run 0 key show key.fi
says out "$(sed -n 2p key.fi.pub)"
chmod 644 key.spare
run 2 key show key.spare
says err "others can read this secret key"
chmod 600 key.spare
echo hello >file
minisign -S -s key.fi -m file >/dev/null
verifies file key.fi.pub

# --- three focal points
for who in fi jp nl hub isp police; do
	as $who 0 init
done
for i in 1 2 3 4 5 6 7 8; do
	for who in fi jp nl; do
		echo "pdq $(hex "$who$i") $who-$i" >>"$who.txt"
	done
done
for who in fi jp nl; do
	as $who 0 import --list $who $who.txt
done
issue fi
is "published" "$(printf '0\t1\t8')" "$(json -w type=publish -g from_version -g version -g active <out)"
issue nl
# Two of three keys must sign the roots of this one.
as jp 0 publish --list jp --key key.jp --out out.jp --root-key key.jp --root-key key.spare --root-public-key key.new.pub \
	--root-threshold 2
for who in fi jp nl; do
	verifies out.$who/$who.1.json key.$who.pub
	verifies out.$who/lists.json key.$who.pub
	verifies out.$who/root.1.json key.$who.pub
done
minisign -Vm out.fi/fi.1.json -p key.jp.pub >/dev/null 2>&1 && fail "another key verifies too"
issue fi --expires 2199-01-01
is "nothing new but a date" "0 0" "$(json -w type=publish -g full_bytes -g delta_bytes <out | tr '\t' ' ')"
cp out.fi/lists.json before.json
issue fi --expires 2199-01-01
cmp out.fi/lists.json before.json || fail "publishing the same again changes the index"

# --- a hub, and two that subscribe to it
as hub 0 source add fi --url "$PWD/out.fi" --key key.fi.pub --country FI
as hub 0 source add jp --url "$PWD/out.jp" --key key.jp.pub --key key.spare.pub --key key.new.pub --threshold 2
as hub 0 source add nl --url "$PWD/out.nl" --key key.nl.pub
relay
for who in isp police; do
	as $who 0 source add hub --url "$PWD/out.hub" --key key.hub.pub
done
both fi "0 1 ok"
for list in fi jp nl; do
	same $list
	is "found" "1 1 0" "$(found isp ${list}1) $(found police ${list}8) $(found isp ${list}9)"
	verifies out.hub/$list.1.json key.hub.pub
	# Provenance: the hub says whose it is.
	says out.hub/$list.1.json '"origins"' "\"source\": \"$list\""
done

# --- a delta: one entry more; nothing changes before the commit
echo "pdq $(hex fi9) fi-9" >more.txt
as fi 0 import --list fi more.txt
issue fi
is "a delta" "1 0" "$(json -w type=publish -g changed -g withdrawn <out | tr '\t' ' ')"
[ -f out.fi/fi.1-2.delta.zst ] || fail "no delta"
[ ! -f out.fi/fi.2.full.zst ] || fail "a full file where a delta does"
relay
is "not yet" 0 "$(found isp fi9)"
as isp 0 --json sync --dry-run
is "a dry run" "1 0" "$(json -w list=fi -g added -g withdrawn <out | tr '\t' ' ')"
is "not by a dry run" 0 "$(found isp fi9)"
both fi "1 2 ok"
is "now" "1 1" "$(found isp fi9) $(found police fi9)"
same fi

# --- a withdrawal reaches everybody; what a subscriber decided for itself stays
as police 0 withdraw --list fi --reason "here" fi-3
as police 0 --json audit show
is "a decision of the subscriber's own" "$(printf 'local\twithdrawn\tfi-3')" \
	"$(json -w action=decision -w detail.reason=here -g detail.decision -g detail.status -g detail.entries.0 <out)"
as fi 0 withdraw --list fi --reason "not what it seemed" fi-2
issue fi
relay
is "still" 1 "$(found isp fi2)"
both fi "2 3 ok"
is "gone" "0 0" "$(found isp fi2) $(found police fi2)"
is "the others are there" "1 1" "$(found isp fi1) $(found police fi9)"

# --- what is not in order changes nothing
cp -r out.hub old.hub
as jp 0 import --list jp more.txt
as jp 0 publish --list jp --key key.jp --out out.jp
relay
both jp "1 2 ok"
mv out.hub good.hub
mv old.hub out.hub
as isp 2 --json sync
is "older" refused "$(json -w type=sync -g status <out)"
says out "older than version"
rm -rf out.hub
mv good.hub out.hub
as isp 0 sync
is "as it was" 1 "$(found isp jp1)"

# --- the key of jp is lost: two of the three make a root without it
as jp 2 publish --rotate --out out.jp --key key.new --root-key key.new --root-key key.proof --root-threshold 2
says err "signatures"
as jp 0 --json publish --rotate --out out.jp --key key.new --root-key key.new --root-key key.spare \
	--root-public-key key.proof.pub --root-threshold 2
is "root 2" 2 "$(json -w type=root -g version <out)"
verifies out.jp/jp.2.json key.new.pub
echo "pdq $(hex jp9) jp-9" >more.txt
as jp 0 import --list jp more.txt
as jp 2 publish --list jp --key key.jp --out out.jp
says err "is not a signing key of root 2"
as jp 0 publish --list jp --key key.new --out out.jp
relay
both jp "2 3 ok"
is "under the new key" "1 1" "$(found isp jp9) $(found police jp9)"
same jp

# --- a rotation with one key, old and new
as nl 0 publish --rotate --out out.nl --key key.spare --old-key key.nl
echo "pdq $(hex nl9) nl-9" >more.txt
as nl 0 import --list nl more.txt
as nl 0 publish --list nl --key key.spare --out out.nl
relay
both nl "1 2 ok"
same nl

# --- a newcomer takes all of it at once
as late 0 init
as late 0 source add hub --url "$PWD/out.hub" --key key.hub.pub
as late 0 sync
is "all of it" "1 0 1 1" "$(found late fi1) $(found late fi2) $(found late jp9) $(found late nl9)"

# --- an expired list still matches, and says so
as hub 0 publish --list fi --key key.hub --out out.hub --expires "$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)"
as isp 0 --json sync
is "in time" "false false false" "$(json -w type=sync -g expired <out | tr '\n' ' ' | sed 's/ $//')"
sleep 4
as isp 0 --json sync
is "too late" "true true true" "$(json -w type=sync -g expired <out | tr '\n' ' ' | sed 's/ $//')"
as isp 1 lookup --pdq "$(hex fi1)"
says err "'fi'" "expired"
is "expired" true "$(as isp 0 --json list show fi && json -g expired <out)"

for who in fi jp nl hub isp police late; do
	as $who 0 check
done
