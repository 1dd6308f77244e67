# SPDX-License-Identifier: Apache-2.0
# For the command-line tests: . "$TESTS/lib.sh"
# shellcheck shell=sh

HELPER=$(dirname "$MKPICTURE")/helper

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# run STATUS WORD...: tutela with these words; its output goes to the files `out` and `err`.
run() {
	wanted=$1
	shift
	got=0
	"$TUTELA" "$@" >out 2>err || got=$?
	check_status "$wanted" "$got" "tutela $*"
}

# The same with standard input from the caller: feed STATUS WORD... <input
feed() {
	run "$@"
}

check_status() {
	[ "$1" -eq "$2" ] && return
	echo "--- out" >&2
	head -n 20 out >&2
	echo "--- err" >&2
	head -n 20 err >&2
	fail "$3: status $2, expected $1"
}

# says FILE TEXT...: every TEXT stands in FILE.
says() {
	file=$1
	shift
	for text in "$@"; do
		grep -qF -e "$text" "$file" || {
			head -n 20 "$file" >&2
			fail "$file does not say: $text"
		}
	done
}

says_not() {
	! grep -F -e "$2" "$1" >&2 || fail "$1 says: $2"
}

# is WHAT EXPECTED FOUND
is() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

empty() {
	[ ! -s "$1" ] || {
		head "$1" >&2
		fail "$1 is not empty"
	}
}

# json ARGUMENT... <LINES: see helper.c
json() {
	"$HELPER" json "$@"
}

# summary KEY: of the scan whose output is in `out`
summary() {
	json -w type=summary -g "$1" <out
}

# verdict PATH: of the same
verdict() {
	json -w type=file -w "path=$1" -g verdict <out
}

# Every file has one verdict: the summary adds up, and so do its lines.
adds_up() {
	summary files >n
	is "sum of verdicts" "$(cat n)" "$(($(summary match) + $(summary no_match) + $(summary undetermined) + $(summary excluded)))"
	is "match lines" "$(summary match)" "$(json -w type=file -w verdict=match -c <out)"
	is "undetermined lines" "$(summary undetermined)" "$(json -w type=file -w verdict=undetermined -c <out)"
}

# A file of 64 hex digits made from a number: a hash like no other.
hex() {
	printf '%s' "tutela $1" | sha256sum | cut -c 1-"${2:-64}"
}

# damage TEXT: another first byte wherever it stands in the store
damage() {
	for at in $(grep -abo -e "$1" "$TUTELA_STORE/data.mdb" | cut -d : -f 1); do
		printf '#' | dd of="$TUTELA_STORE/data.mdb" bs=1 seek="$at" conv=notrunc 2>dd.log
	done
}

# as_nobody WORD...: without root's powers; skips the test when that cannot be done.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	fi
}

can_be_nobody() {
	chmod 755 .. .
	as_nobody "$TUTELA" --version >/dev/null 2>&1
}

# busy: another program, $writer, writes the store until descriptor 3 is closed. There are a fifo `pipe` and a list `other`.
busy() {
	"$TUTELA" import --list busy --format text pipe >/dev/null 2>&1 &
	writer=$!
	exec 3>pipe
	i=0
	until ! "$TUTELA" list set other --action block >note 2>&1 || [ $i -ge 100 ]; do
		i=$((i + 1))
		sleep 0.05
	done
	says note "is being written"
}
