#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole thing at work on pictures made by formula: demo.sh TUTELA MKPICTURE
# Leaves its folder for a look around. Fails when the outcome is not the expected one.
set -eu
export LC_ALL=C.UTF-8

tutela=$1
mkpicture=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/tutela-demo.XXXXXX")
cd "$folder"
mkdir list disk disk/copies disk/altered disk/other

step() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}
[ -t 1 ] || step() {
	printf '\n%s\n' "$*"
}
show() { # a command, as one would type it
	printf '$ tutela'
	printf ' %s' "$@"
	printf '\n'
}

step "1. Pictures by formula: 12 that a list will know, and a disk with copies of them among others"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	"$mkpicture" --seed $i --quality 92 "list/known-$i.jpg"
	"$mkpicture" --seed $((100 + i)) "disk/other/holiday-$i.jpg"
done
cp list/known-1.jpg disk/copies/exact-1.jpg
cp list/known-2.jpg "disk/copies/exact 2, renamed.dat"
"$mkpicture" --seed 3 --quality 40 disk/altered/recompressed-3.jpg
"$mkpicture" --seed 4 --quality 70 --progressive disk/altered/recompressed-4.jpg
"$mkpicture" --seed 5 disk/altered/recompressed-5.webp
"$mkpicture" --seed 6 --resize 400x300 disk/altered/resized-6.png
"$mkpicture" --seed 7 --resize 1600x900 --quality 80 disk/altered/resized-7.jpg
"$mkpicture" --seed 8 --gray disk/altered/gray-8.png
"$mkpicture" --seed 9 --gray --quality 75 disk/altered/gray-9.jpg
"$mkpicture" --seed 10 --mirror --quality 85 disk/altered/mirrored-10.jpg
"$mkpicture" --seed 11 --mirror --resize 640x480 disk/altered/mirrored-11.bmp
"$mkpicture" --seed 12 --rotate90 disk/altered/rotated-12.tiff
"$mkpicture" --seed 200 --format jpg whole.tmp
head -c 9000 whole.tmp >disk/other/broken.jpg
rm whole.tmp
echo "   $(find list -type f | wc -l) files in list/, $(find disk -type f | wc -l) in disk/"

step "2. Their hashes become a list; only the hashes go on, never a picture"
show hash --json 'list/*.jpg'
"$tutela" hash --json list/*.jpg >hashes.jsonl
head -n 1 hashes.jsonl | cut -c 1-150 | sed 's/$/ …/'
sed -n 's/.*"path": *"list\/\([^"]*\)\.jpg".*"sha256": *"\([0-9a-f]*\)".*"pdq": *"\([0-9a-f]*\)".*/sha256 \2 \1\npdq \3 \1/p' \
	hashes.jsonl >list.txt
echo "   list.txt: $(wc -l <list.txt) lines, for example: $(sed -n 2p list.txt)"

step "3. A store, and the list in it"
show -d store init
"$tutela" -d store init
show -d store import --list demo --format text list.txt
"$tutela" -d store import --list demo --format text list.txt

step "4. The disk against the list"
show -d store scan --ordered --variants standard disk
status=0
"$tutela" -d store scan --ordered --variants standard disk || status=$?
echo "(exit status $status: 1 = something matched)"

step "5. What this showed"
cat <<-END
	   Exact copies are found by SHA-256, whatever they are called. Recompressed, resized and gray
	   ones by PDQ, within the list's threshold of 31 of 256 bits; mirrored and rotated ones because
	   --variants standard asks with the eight symmetries, and the hit says which one it was.
	   The broken file is "undetermined", which is not "no match". Nothing was written beside the files.
END

# The same scan for machines, and is it what it must be?
again=0
"$tutela" -d store scan --json --all --ordered --variants standard disk >scan.jsonl || again=$?
wrong=0
expect() { # NAME WANTED FOUND
	[ "$2" = "$3" ] || {
		echo "demo: $1: expected $2, found $3" >&2
		wrong=1
	}
}
count() {
	grep -c "$1" scan.jsonl || :
}
expect "exit status" 1 "$status"
expect "exit status with --json" 1 "$again"
expect "matches" 12 "$(count '"type":"file".*"verdict":"match"')"
expect "no match" 12 "$(count '"type":"file".*"verdict":"no-match"')"
expect "undetermined" 1 "$(count '"type":"file".*"verdict":"undetermined"')"
expect "undetermined file" 1 "$(count '"path":"disk/other/broken.jpg".*"verdict":"undetermined"')"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	expect "hits of known-$i" 1 "$(count "\"path\":\"disk/[^\"]*[- ]$i[,.].*\"verdict\":\"match\".*\"entry\":\"known-$i\"")"
done
expect "exact hits" 2 "$(count '"algorithm":"sha256"')"
expect "summary" 1 "$(count '"type":"summary".*"match":12')"

echo
echo "Everything is in $folder for a look around: list/ disk/ store/ hashes.jsonl list.txt scan.jsonl"
if [ "$wrong" -ne 0 ]; then
	echo "demo: the outcome is not the expected one" >&2
	exit 1
fi
