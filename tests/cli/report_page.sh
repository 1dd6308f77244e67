# SPDX-License-Identifier: Apache-2.0
# The HTML report in a browser: its script runs under its own policy, filters, and prints. Skipped without Chromium.
. "$TESTS/lib.sh"

CHROMIUM=$(command -v chromium || command -v chromium-browser) || {
	echo "no chromium"
	exit 77
}

# What a browser makes of a page: browse OPTION ADDRESS >its output, 2>its messages.
browse() {
	HOME=$PWD timeout 120 "$CHROMIUM" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--user-data-dir="$PWD/profile" --enable-logging=stderr "$@" 2>messages
}

run 0 init
mkdir ev
for i in 1 2 3; do
	"$MKPICTURE" --seed $i --size 200x150 ev/$i.png
	md5sum <ev/$i.png | cut -c 1-32
done >digests
mv ev/3.png "$(printf 'ev/\327\220<b> "x" .png')"
run 0 import --list first --format sums digests
head -n 2 digests >fewer
run 0 import --list second --format sums fewer
run 1 --json scan --ordered --evidence 'EX <7>' ev
mv out scan.jsonl
run 0 report --from scan.jsonl --format html --out r.html

rows() { # FILE: of the table of hits, those that are shown
	sed -n '/id="hits"/,/<.table>/p' "$1" | grep -c '<tr class="on"'
}
browse --dump-dom "file://$PWD/r.html" >all || {
	echo "chromium does not start here"
	exit 77
}
is "shown" 5 "$(rows all)"
says all '<html lang="en" class="js"' '<p class="filtered">' '1–5 of 5'
browse --dump-dom "file://$PWD/r.html#hits.list=second&hits.q=2.png" >some
is "of one list and name" 1 "$(rows some)"
says some 'A filter is in force (words: 2.png; list: second): 1 of 5 rows.' '1–1 of 1 (of 5 in all)'
for word in Refused Uncaught violates; do
	says_not messages "$word"
done

# In print all pages of the table that pass the filter, and numbers of pages.
browse --no-pdf-header-footer --print-to-pdf="$PWD/r.pdf" "file://$PWD/r.html#hits.list=second" >out
head -c 5 r.pdf >head
says head %PDF-
command -v pdftotext >found || exit 0
pdftotext -layout r.pdf r.txt
says r.txt "A filter is in force (list: second): 2 of 5 rows."
grep -q '1 */ *[1-9]$' r.txt || fail "the first page has no number"
says_not r.txt "words that the row must have"
