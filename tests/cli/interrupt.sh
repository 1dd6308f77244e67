# SPDX-License-Identifier: Apache-2.0
# Ctrl-C ends a scan cleanly, with a summary; progress is shown where it belongs.
. "$TESTS/lib.sh"

run 0 init
"$MKPICTURE" --seed 1 a.jpg
"$MKPICTURE" --seed 2 b.jpg
echo "md5 $(md5sum <b.jpg | cut -c 1-32) b" >list
run 0 import --list l list

# start WORD...: a scan whose list of files is the pipe on descriptor 3; with some files done.
mkfifo pipe
start() {
	"$TUTELA" "$@" --files-from pipe >out 2>err &
	pid=$!
	exec 3>pipe
}
settle() {
	i=0
	until [ "$(grep -c '"type":"file"' out)" -ge "$1" ] || [ $i -ge 200 ]; do
		i=$((i + 1))
		sleep 0.05
	done
}
finish() {
	got=0
	wait "$pid" || got=$?
	exec 3>&-
}

for signal in INT TERM HUP; do
	start --json scan --all
	printf 'a.jpg\na.jpg\n' >&3
	sleep 0.3
	kill -$signal $pid
	finish
	is "status after $signal" 2 $got
	is "interrupted" true "$(summary interrupted)"
	adds_up
	is "what was done" 2 "$(summary files)"
	says err "tutela: interrupted"
done

start --json scan --ordered
printf 'b.jpg\n' >&3
sleep 0.3
kill -INT $pid
finish
is "a match outranks it" 1 $got
is "interrupted" true "$(summary interrupted)"

start scan
printf 'a.jpg\n' >&3
sleep 0.3
kill -INT $pid
finish
says out "summary" "interrupted"

# What takes long to end says so, and that it can be ended at once.
truncate -s 500G long.bin
"$TUTELA" scan long.bin >out 2>err &
pid=$!
sleep 0.5
kill -INT $pid
i=0
until grep -qF "once more ends it at once" err || [ $i -ge 100 ]; do
	i=$((i + 1))
	sleep 0.1
done
is "it is said once" 1 "$(grep -cxF "interrupted: what was begun is finished first; once more ends it at once" err)"
kill -INT $pid
finish
is "at once" 130 $got
rm long.bin

# While nobody reads: each line that was begun is whole, and nothing is said of the pipe.
for i in $(seq 1500); do
	tail -n 1 list | cut -d " " -f 1,2
done >asked
mkfifo slow
"$TUTELA" --json lookup <asked >slow 2>err &
pid=$!
exec 8<slow
sleep 0.5
kill -TERM $pid
sleep 0.2
cat <&8 >out
exec 8<&-
got=0
wait $pid || got=$?
is "a match outranks it" 1 $got
is "whole lines" "$(wc -l <out)" "$(json -w type=lookup -c <out)"
is "one sentence" "tutela: interrupted" "$(cat err)"

# In the middle of a large folder.
mkdir many
i=0
while [ $i -lt 3000 ]; do
	ln a.jpg many/$i.jpg
	i=$((i + 1))
done
"$TUTELA" --json scan --all --ordered -j 2 many >out 2>err &
pid=$!
settle 1
kill -INT $pid
finish
if [ $got -ne 0 ]; then # a very fast machine may have been through
	is "status" 2 $got
	adds_up
	[ "$(summary files)" -lt 3000 ] || fail "it went on to the end"
	json -w type=file -g path <out >done
	find many -type f | LC_ALL=C sort | head -n "$(wc -l <done)" | cmp - done
fi

# No process of ours is left behind.
sleep 0.2
! pgrep -P $pid >/dev/null 2>&1 || fail "children are left"

# Progress: only when asked for, as this is no terminal.
run 0 scan many/1.jpg
empty err
run 0 scan --progress many/1.jpg
says err "1 " "files" "0 hits, 0 undetermined"
run 0 scan --no-progress many/1.jpg
empty err
