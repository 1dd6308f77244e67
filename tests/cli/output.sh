# SPDX-License-Identifier: Apache-2.0
# Output that cannot be written is a failure, whatever was found.
. "$TESTS/lib.sh"

"$MKPICTURE" --seed 1 a.jpg
for words in "hash a.jpg" "--json hash a.jpg" "--help" "scan --help" "--version"; do
	got=0
	# shellcheck disable=SC2086
	"$TUTELA" $words >/dev/full 2>err || got=$?
	is "full disk: $words" 2 $got
	says err "tutela: 'standard output': no space left on device"
	got=0
	# shellcheck disable=SC2086
	"$TUTELA" $words >&- 2>err || got=$?
	is "closed: $words" 2 $got
	says err "tutela: 'standard output': "
	# A reader that went away: no sentence, no signal.
	rm -f status
	# shellcheck disable=SC2086
	{
		got=0
		sleep 0.2
		"$TUTELA" $words 2>err || got=$?
		echo $got >status
	} | true
	while [ ! -s status ]; do sleep 0.05; done
	is "pipe: $words" 2 "$(cat status)"
	empty err
done

# With a closed stdout no file may get its number and be written into.
sum=$(md5sum a.jpg)
"$TUTELA" hash a.jpg a.jpg >&- 2>/dev/null || :
"$TUTELA" hash a.jpg <&- >&- 2>&- || :
is "the picture" "$sum" "$(md5sum a.jpg)"

# Nor may the store's: it is open while the result is printed.
run 0 init closed
i=0
while [ $i -lt 3 ]; do
	got=0
	echo "md5 $(hex $i 32)" | "$TUTELA" -d closed --json import --list l - >&- 2>err || got=$?
	is "import without stdout" 2 $got
	i=$((i + 1))
done
run 0 -d closed check
run 1 -d closed lookup --md5 "$(hex 2 32)"

# A scan stops when nobody reads it.
run 0 init store
echo "md5 $(md5sum <a.jpg | cut -c 1-32)" >list
run 0 -d store import --list l list
mkdir many
i=0
while [ $i -lt 300 ]; do
	ln a.jpg many/$i.jpg
	i=$((i + 1))
done
rm -f status
{
	got=0
	"$TUTELA" -d store --json scan many 2>err || got=$?
	echo $got >status
} | head -n 1 >/dev/null
while [ ! -s status ]; do sleep 0.05; done
# The pipe may have taken everything before it was closed: then this is a match like any other.
case $(cat status) in 1 | 2) ;; *) fail "status $(cat status)" ;; esac
got=0
"$TUTELA" -d store scan many >/dev/full 2>err || got=$?
is "a match that nobody was told" 2 $got

# What is empty is said to be, beside the output; as JSON it is nothing.
run 0 -d bare init
while read -r text words; do
	text=$(echo "$text" | tr _ ' ')
	# shellcheck disable=SC2086
	run 0 -d bare $words
	says err "$text"
	empty out
	# shellcheck disable=SC2086
	run 0 -d bare -q $words
	empty err
	# shellcheck disable=SC2086
	run 0 -d bare --json $words
	empty out
	empty err
done <<-END
	the_store_has_no_list list
	the_store_has_no_source source list
	there_is_nothing_to_count stats
	the_audit_log_has_no_record_since_then audit show --since 9000-01-01
END
run 0 -d bare journal
says out "the journal is empty"
run 0 -d bare list create l
run 0 -d bare list held l
says err "no record of the list 'l' is held back"
