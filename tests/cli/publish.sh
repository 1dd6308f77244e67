# SPDX-License-Identifier: Apache-2.0
# key and publish: what is wrong with a command line or a folder is said, and nothing is half done.
. "$TESTS/lib.sh"

run 0 init
echo "pdq $(hex 1) a-1" >list.txt
run 0 import --list a list.txt

# --- keys
bad() { # STATUS TEXT WORD...
	status=$1 text=$2
	shift 2
	run "$status" "$@"
	says err "$text"
}
bad 64 "generate or show?" key
bad 64 "not one of generate, show" key make
bad 64 "--out FILE" key generate
bad 64 "exclude each other" key generate --out k --no-passphrase --passphrase-file w
bad 64 "of which file?" key show
bad 2 "'none': no such file or directory" key show none
bad 2 "others can read this secret key" key show list.txt
chmod 600 list.txt
bad 2 "this is not the file of a secret key" key show list.txt
run 0 --json key generate --no-passphrase --out k
is "key" "$(sed -n 2p k.pub)" "$(json -g public_key <out)"
bad 2 "it is there already" key generate --no-passphrase --out k
rm k.pub
bad 2 "it is there already" key generate --no-passphrase --out k
run 0 key show k
is "still the key" 1 "$(grep -c RW out)"
printf 'RW\n' >short.pub
chmod 600 short.pub
bad 2 "this is not the file of a secret key" key show short.pub

# Without a terminal nobody can be asked.
if command -v setsid >/dev/null; then
	got=0
	setsid -w "$TUTELA" key generate --out asked </dev/null >out 2>err || got=$?
	is "no terminal" 2 $got
	says err "there is no terminal to ask"
	[ ! -e asked ] || fail "a key was made without its passphrase"
fi

# A passphrase, of minisign's own limits where there is the memory for it.
if [ "$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)" -ge 2 ]; then
	(umask 077 && echo 'open sesame' >word)
	run 0 key generate --passphrase-file word --out locked
	run 0 key show --passphrase-file word locked
	is "unlocked" "$(sed -n 2p locked.pub)" "$(cut -d ' ' -f 2 out)"
fi

# --- the command line of publish
bad 64 "name the folder" publish --list a --key k
bad 64 "name the list" publish --key k --out b
bad 64 "name a secret key" publish --list a --out b
bad 64 "named twice" publish --list a --list a --key k --out b
bad 64 "'0' is not a version" publish --list a --key k --out b --since 0
bad 64 "'x' is not a version" publish --list a --key k --out b --since x
bad 64 "'2001-01-01' is neither a number of days nor a date to come" publish --list a --key k --out b --expires 2001-01-01
bad 64 "this goes with --rotate" publish --list a --key k --out b --old-key k
bad 64 "takes options only" publish --list a --key k --out b word
bad 2 "'k.none': no such file" publish --list a --key k.none --out b
bad 2 "this is not the file of a secret key" publish --list a --key list.txt --out b
[ ! -e b ] || fail "a folder was made for nothing"
bad 2 "2 of 1 root keys must sign" publish --list a --key k --out b --root-threshold 2
rm -rf b
bad 2 "there is no list 'none'" publish --list none --key k --out b
[ ! -e b ] || fail "a folder was made for nothing"
bad 2 "there is no list 'none'" publish --list a --list none --key k --out b
[ ! -e b ] || fail "a folder was made for nothing"

# --- what is there
run 0 publish --list a --key k --out b
says out "list 'a', version 1: 1 active entry,"
run 0 key generate --no-passphrase --out other
bad 2 "is not a signing key of root 1" publish --list a --key other --out b
says_not err "left unused"
bad 2 "what the options say of a new one was left unused" publish --list a --key other --out b --threshold 1
bad 2 "'b': version 7 of list 'a' is not one that 'b' had before" publish --list a --key k --out b --since 7
cp -r b good
printf x >>b/lists.json
bad 2 "'lists.json' is not signed" publish --list a --key k --out b
rm -rf b && cp -r good b
printf x >>b/a.1.json
bad 2 "'a.1.json' is not the manifest that the index names" publish --list a --key k --out b --full
rm -rf b && cp -r good b
rm b/lists.json
run 0 publish --list a --key k --out b
is "it is made again" 1 "$(grep -c '"manifest"' b/lists.json)"
bad 2 "'list.txt'" publish --list a --key k --out list.txt

# Whoever is killed, or has no room, leaves the index as it was.
echo "pdq $(hex 2) a-2" >>list.txt
run 0 import --list a list.txt
rm -rf b && cp -r good b
(
	trap '' XFSZ
	ulimit -f 0
	"$TUTELA" publish --list a --key k --out b >out 2>err && exit 1
	exit 0
) || fail "published without room"
cmp b/lists.json good/lists.json
run 0 publish --list a --key k --out b
run 0 --json audit show
is "told" "$(printf '1\ta\t1\tb\n1\ta\t1\tb\n2\ta\t2\tb')" \
	"$(json -w action=publish -g detail.index -g detail.list -g detail.version -g detail.folder <out)"
is "the key" "$("$TUTELA" --json key show k | json -g id)" "$(json -w action=publish -g detail.keys.0 <out | tail -n 1)"
is "the digest" 64 "$(json -w action=publish -g detail.digest <out | tail -n 1 | tr -d '\n' | wc -c)"
is "the root" "$(printf '1\tb')" "$(json -w action=publish-root -w detail.folder=b -g detail.version -g detail.folder <out)"

# A root alone is told of too, where a store is named; without one none is needed.
run 0 publish --rotate --key k --out b
run 0 --json audit show
is "the next root" 2 "$(json -w action=publish-root -g detail.version <out | tail -n 1)"
(unset TUTELA_STORE && "$TUTELA" -q publish --rotate --key k --out b) || fail "a root needs no store"
run 0 --json audit show
is "no third" 2 "$(json -w action=publish-root -g detail.version <out | tail -n 1)"
run 2 -d nowhere publish --rotate --key k --out b
run 0 audit verify
is "files left over" "" "$(find b -name '.*' -type f)"

# What silences hits is for each operator to decide.
run 0 allow --sha256 "$(hex 5)" --reason 'a stock photograph'
bad 2 "which is for each operator to decide" publish --list allowed --key k --out b

# Two stores can be compared by what `list show` says: of one entry it is the SHA-256 of its line.
echo "sha256 $(hex 3) e" >one.txt
run 0 import --list one one.txt
run 0 export --list one --format records --output one.records
line=$(tr -d '\n' <one.records | sha256sum | cut -c1-64)
run 0 --json list show one
is "digest" "$line	$line" "$(json -g digest -g digest_issued <out)"
run 0 --json publish --list one --key k --out c
is "as published" 1 "$(grep -c "\"digest\":\"$line\"" out)"
run 0 list show one
says out "digest         $line"
says_not out "as issued"
run 0 dispute --list one --reason x e
run 0 list show one
says out "as issued    $line"
says_not out "digest         $line"
