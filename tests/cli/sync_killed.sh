# SPDX-License-Identifier: Apache-2.0
# sync: killed at any moment it is taken up again or starts over, and ends with what its source says.
. "$TESTS/lib.sh"

run 0 -d focal init
awk 'BEGIN { for (i = 1; i <= 4000; i++) printf "md5 %08x%08x%08x%08x m%d\n", i * 7919, i * 104729, i * 31, i, i }' >hashes
run 0 -d focal import -l national hashes
run 0 key generate --no-passphrase --out key
run 0 -d focal publish --list national --key key --out pub
run 0 init
run 0 source add one --url pub --key key.pub

# same WHAT: both stores hold the same entries.
same() {
	run 0 -d focal export -l national -f records -o there
	run 0 export -l national -f records -o here
	cmp -s here there || fail "$1: the stores differ"
	run 0 check
}

# killed SECONDS: a sync that ends after so long, somewhere.
killed() {
	"$TUTELA" sync one >/dev/null 2>&1 &
	sync=$!
	sleep "$1"
	kill -9 "$sync" 2>/dev/null || :
	wait "$sync" 2>/dev/null || :
}

for delay in 0 0.01 0.02 0.03 0.05 0.08 0.12 0.2; do
	killed $delay
	run 0 --json list
	# All of the list or nothing of it.
	case $(json -w type=list -g active <out) in '' | 4000) ;; *) fail "half a list after $delay s" ;; esac
done
run 0 --json sync one
is "at the end" ok "$(json -w type=sync -g status <out)"
same "first version"

echo "md5 $(hex more 32) more" >new
run 0 -d focal import -l national new
run 0 -d focal withdraw -l national m17
run 0 -d focal publish --list national --key key --out pub
for delay in 0.01 0.03 0.06 0.1; do
	killed $delay
done
run 0 sync one
same "second version"
[ ! -e "$TUTELA_STORE/staging" ] || fail "the staging folder is still there"
