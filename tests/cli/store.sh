# SPDX-License-Identifier: Apache-2.0
# init, status, list: making stores and lists, finding the store, and stores that are none.
. "$TESTS/lib.sh"

unset TUTELA_STORE
run 0 --json init deep/er/store
is "init" deep/er/store "$(json -w type=init -g store <out)"
is "mode" 700 "$(stat -c %a deep/er/store)"
run 2 init deep/er/store
says err "tutela: 'deep/er/store': there is a store already"
mkdir full
: >full/file
run 2 init full
says err "'full'"
is "nothing was written" file "$(ls full)"
: >file
run 2 init file
run 2 init file/store
says err "'file/store'"
mkdir none
run 0 init none

# Which store: -d, TUTELA_STORE, XDG_DATA_HOME, HOME.
HOME=$PWD/home XDG_DATA_HOME='' run 0 init
[ -d home/.local/share/tutela ] || fail "no store at home"
XDG_DATA_HOME=$PWD/xdg run 0 init
[ -d xdg/tutela ] || fail "no store in XDG_DATA_HOME"
export XDG_DATA_HOME="$PWD/xdg"
where() {
	json -w type=status -g store <out
}
run 0 --json status
is "XDG_DATA_HOME" "$PWD/xdg/tutela" "$(where)"
TUTELA_STORE=none run 0 --json status
is "TUTELA_STORE" none "$(where)"
TUTELA_STORE=none run 0 --json status -d deep/er/store
is "-d" deep/er/store "$(where)"
XDG_DATA_HOME=relative HOME=$PWD/home run 0 --json status
is "a relative XDG_DATA_HOME" "$PWD/home/.local/share/tutela" "$(where)"
XDG_DATA_HOME='' HOME='' run 2 status
says err "no store is named"

# What is no store.
mkdir other
echo text >other/data.txt
for path in missing other full file /dev/null; do
	for command in status list "scan ." "lookup --md5 $(hex 1 32)" check "import --list l file" "export --list l" \
		"list create l" "withdraw --list l e"; do
		# shellcheck disable=SC2086
		run 2 -d $path $command
		empty out
		is "sentences: $path $command" 1 "$(wc -l <err)"
		says err "tutela: " "$path'"
	done
done
says_not err "out of memory"
run 2 -d missing status
says err "tutela: 'missing': no such store; 'tutela init' makes one"
is "nothing was written" data.txt "$(ls other)"

# Lists and their policy.
export TUTELA_STORE=none
run 0 list
run 0 --json list
empty out
run 0 --json list create a --pdq-threshold 20 --min-quality 60 --action block --expires 2030-01-31
json -w type=list -g list -g kind -g version -g source -g policy.pdq_threshold -g policy.min_quality -g policy.action \
	-g expires -g active <out >got
is "a new list" "$(printf 'a\tknown\t0\tlocal\t20\t60\tblock\t2030-01-31T23:59:59Z\t0')" "$(cat got)"
run 2 list create a
says err "tutela: 'a': there is such a list already"
run 0 list create b --kind exclude
run 0 --json list set b --phash-threshold 3 --dhash-threshold 0 --expires 2030-01-31T12:00:00Z
is "changed" "$(printf 'exclude\t31\t3\t0\t2030-01-31T12:00:00Z')" \
	"$(json -g kind -g policy.pdq_threshold -g policy.phash_threshold -g policy.dhash_threshold -g expires <out)"
run 0 --json list set b --expires never
is "never" - "$(json -g expires <out)"
run 0 list show a
says out "pdq 20" "2030-01-31" "block"
run 0 --json list
is "in order of name" "a b " "$(json -w type=list -g list <out | tr '\n' ' ')"
run 0 list
is "heads and rows" 3 "$(wc -l <out)"
run 2 list show zzz
says err "tutela: 'zzz': no such list in this store"
run 2 list set zzz --action block
run 2 list remove zzz --yes
for name in '' 'a b' a/b .a "$(hex 1)$(hex 2)"; do
	run 2 list create "$name"
	says err "tutela: '$name': not a list's name"
done
run 64 list create --
for words in "--expires tomorrow" "--expires 2030-13-01" "--expires 2030-01-01Z" "--action shout" "--kind other"; do
	# shellcheck disable=SC2086
	run 64 list set a $words
done
run 0 --json list show a
is "unchanged by errors" "$(printf '20\tblock')" "$(json -g policy.pdq_threshold -g policy.action <out)"
run 0 list remove a --yes
run 0 --json list
is "removed" b "$(json -g list <out)"

# An expired list is said to be.
run 0 list set b --expires 2001-01-01
run 0 status
says err "tutela: warning: 'b': this list expired on 2001-01-01T23:59:59Z"
run 0 --json list show b
is "expired" true "$(json -g expired <out)"

run 0 --json status
json -w type=status -r store,uuid,schema,update,lists,entries,active,fingerprints,segments,index_bytes,data_bytes,unfinished <out

# Nothing of ours may be read by others.
if can_be_nobody; then
	got=0
	as_nobody "$TUTELA" -d none status >out 2>err || got=$?
	is "a stranger" 2 $got
	says err "'none"
	got=0
	as_nobody "$TUTELA" -d new init >out 2>err || got=$?
	is "a folder that cannot be made" 2 $got
	says err "tutela: 'new': "
fi

# What others could read or change is refused, with what to do.
run 0 init open
chmod 750 open
for command in status "import --list l file" "scan ." check; do
	# shellcheck disable=SC2086
	run 2 -d open $command
	says err "tutela: 'open' is open to other users; close it: chmod -R go-rwx 'open'"
done
chmod -R go-rwx open
run 0 -d open status
run 0 -d open status --allow-network-fs
if [ "$(id -u)" -eq 0 ]; then
	chown -R 12345 open
	run 2 -d open status
	says err "tutela: 'open' belongs to user 12345" "chown -R 0 'open'"
fi

# A store of a newer Tutela.
run 0 init newer
echo "tutela store 999" >newer/TUTELA
for command in status "import --list l file" "scan ."; do
	# shellcheck disable=SC2086
	run 2 -d newer $command
	says err "'newer'" "newer version" "999"
done
