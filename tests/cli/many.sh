# SPDX-License-Identifier: Apache-2.0
# Ten thousand files: memory does not grow with their number, and two scans say the same.
. "$TESTS/lib.sh"

run 0 init
mkdir pictures tree
i=0
while [ $i -lt 20 ]; do
	"$MKPICTURE" --seed $i --size 96x64 pictures/$i.jpg
	i=$((i + 1))
done
run 0 --json hash -r pictures
json -g pdq <out | head -n 5 | sed 's/.*/pdq &/' >list
run 0 import --list l list
# 100 folders of 100 files, as hard links, for time's sake.
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "tree/%02d/%d-%d.jpg pictures/%d.jpg\n", i / 100, i % 100, i, i % 20 }' >plan
(cd tree && mkdir $(seq -w 0 99))
awk '{ print $2 " " $1 }' plan | xargs -n 2 ln

memory() {
	got=0
	"$HELPER" memory "$TUTELA" --json scan --all "$@" 9>kib >out 2>err || got=$?
	is "status" 1 $got
	cat kib
}
small=$(memory tree/00)
large=$(memory tree)
echo "memory in KiB: $small for 100 files, $large for 10000"
is "files" 10000 "$(summary files)"
adds_up
# A sanitizer keeps what was freed, also in the decoder, whose environment is empty: nothing to measure then.
bounded() {
	! grep -q __asan_init "$TUTELA" || return 0
	[ "$large" -lt 409600 ] || fail "more than 400 MiB"
	# Freed memory is not always given back; growth by the number of files would be tens of MiB.
	[ "$large" -lt $((small + 16384)) ] || fail "memory grows with the number of files: $small, $large"
}
bounded
matched=$(summary match)
json -w type=file -g path -g verdict -g hits <out | sort >any

large=$(memory --ordered tree)
bounded
is "matches" "$matched" "$(summary match)"
json -w type=file -g path -g verdict -g hits <out >first
sort first | cmp - any
cut -f 1 first >order
awk '{ print $1 }' plan | LC_ALL=C sort | cmp - order

# The same bytes again but for the times, with another number of threads.
sed -E 's/"(seconds|jobs|started|ended)":[^,}]*//g' out >first
got=0
"$TUTELA" --json scan --all --ordered -j 7 tree >out 2>err || got=$?
is "status" 1 $got
sed -E 's/"(seconds|jobs|started|ended)":[^,}]*//g' out | cmp - first

# A folder with more names than are sorted at once still is walked whole: all of them in one.
mkdir flat
awk '{ n = $1; gsub("/", "-", n); print $2 " flat/" n }' plan | xargs -n 2 ln
got=0
"$TUTELA" --json scan --include '*9.jpg' flat >out 2>err || got=$?
is "filtered" "1000 9000" "$(summary files) $(summary skipped_filtered)"
