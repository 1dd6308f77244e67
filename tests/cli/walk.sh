# SPDX-License-Identifier: Apache-2.0
# How scan finds its files: links, loops, filters, lists of files, depth, folders that cannot be read.
. "$TESTS/lib.sh"

run 0 init
"$MKPICTURE" --seed 1 --size 64x64 a.jpg
echo "md5 $(md5sum <a.jpg | cut -c 1-32) a" >list
run 0 import --list l list
files() {
	summary files
}

mkdir -p tree/b/c tree/a tree/.hidden
for path in tree/b/c/1.jpg tree/b/2.JPG tree/a/10.jpg tree/a/9.jpg tree/.hidden/3.jpg tree/z.png; do
	cp a.jpg $path
done
ln -s b tree/link-to-folder
ln -s .. tree/b/up
ln -s b/2.JPG tree/link-to-file
ln -s nowhere tree/dangling
ln -s loop tree/loop
mkfifo tree/fifo

run 1 --json scan --ordered tree
is "files and what was passed over" "6 1 5" "$(files) $(summary skipped_special) $(summary skipped_links)"
json -w type=file -g path <out >order
find tree -type f | LC_ALL=C sort >expected
# Names are sorted folder by folder, as sort does when nothing sorts before a slash.
cmp order expected
run 1 --json scan tree/
json -w type=file -g path <out | LC_ALL=C sort | cmp - expected
run 1 --json scan -L tree
is "followed, once, no loop" 9 "$(files)"
run 1 --json scan -L --ordered tree/b
is "a link up" 7 "$(files)"
run 1 --json scan tree/link-to-folder tree/link-to-file
is "named links" 3 "$(files)"
run 2 --json scan tree/dangling
run 2 --json scan tree/loop
run 1 --json scan a.jpg a.jpg
is "named twice" 2 "$(files)"
(cd tree && "$TUTELA" --json scan . >../out) || :
is "." 6 "$(files)"

# Filters.
run 1 --json scan --include '*.jpg' tree
is "include" 4 "$(files)"
run 1 --json scan --include '*.jpg' --include '*.png' tree
is "two" 5 "$(files)"
run 1 --json scan --include '*.jpg' --exclude '9*' tree
is "exclude outranks" 3 "$(files)"
run 1 --json scan --exclude b tree
is "a folder" 4 "$(files)"
run 1 --json scan --exclude 'tree/b/*' --exclude '.hidden' tree
is "a path" 3 "$(files)"
[ "$(summary skipped_filtered)" -gt 0 ] || fail "not counted"
run 0 --json scan --include 'none*' tree
is "nothing" 0 "$(files)"

# Lists of files.
find tree -type f >lines
find tree -type f -print0 >nul
for words in "lines" "nul" "nul -0"; do
	# shellcheck disable=SC2086
	run 1 --json scan --files-from $words
	is "$words" 6 "$(files)"
done
for file in lines nul; do
	feed 1 --json scan --files-from - <$file
	is "$file" 6 "$(files)"
done
printf 'tree/a\n\ntree/z.png' | feed 1 --json scan --files-from - a.jpg
is "folders, an empty line, no end, and a path" 4 "$(files)"
printf 'missing\na.jpg\n' | feed 1 --json scan --files-from -
is "missing" "2 1" "$(files) $(summary undetermined)"
says err "tutela: 'missing': "
run 2 scan --files-from missing
says err "tutela: 'missing': "
run 2 scan --files-from tree
: | feed 0 --json scan --files-from -
is "none" 0 "$(files)"
says err "warning: there was no file to look at"
# An empty path, such as of a variable that was not set, is no folder.
run 2 --json scan ""
is "an empty path" "1 unreadable: no such file or directory" "$(files) $(json -w type=file -g reason <out)"
run 2 hash -r ""
says err "no such file or directory"
odd=$(printf 'new\nline')
cp a.jpg "$odd"
printf '%s\0' "$odd" | feed 1 --json scan --files-from -
is "a name with a line feed" match "$(json -w type=file -g verdict <out)"
head -c 2000000 /dev/zero | tr '\0' a | feed 2 scan --files-from -
says err "longer than"

# Deeper than a path may be long, and than files may be open; and back up again.
mkdir deep
cp a.jpg deep/x.jpg
cp a.jpg deep/zz.jpg
(cd deep && "$HELPER" deep 1200 x.jpg)
(ulimit -n 200 && run 1 --json scan --ordered --jobs 2 deep)
is "both ends" "2 2 0" "$(files) $(summary match) $(summary undetermined)"
long=$(json -w type=file -g path <out | head -n 1)
[ ${#long} -gt 20000 ] || fail "not deep: ${#long}"
printf '%s\n' "$long" | feed 1 --json scan --files-from -
is "a path too long for the system" 1 "$(summary match)"

# A folder that cannot be read is undetermined, and the rest is scanned.
if can_be_nobody; then
	chmod -R a+rX tree
	chmod 000 tree/b
	cp -r "$TUTELA_STORE" theirs
	[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 theirs
	got=0
	as_nobody "$TUTELA" -d theirs --json scan tree >out 2>err || got=$?
	chmod 755 tree/b
	is "status" 1 $got
	is "counts" "5 4 1 1" "$(files) $(summary match) $(summary undetermined) $(summary errors)"
	is "reason" "unreadable-folder: permission denied" "$(json -w path=tree/b -g reason <out)"
	says err "tutela: 'tree/b': unreadable-folder: permission denied"
fi

# Another file system is not entered unless asked for.
if unshare -m true 2>/dev/null; then
	cat >mounted.sh <<-'END'
		mkdir tree/mounted
		mount -t tmpfs none tree/mounted || exit 77
		cp a.jpg tree/mounted/
		got=0
		"$TUTELA" --json scan tree >out 2>err || got=$?
		"$TUTELA" --json scan --cross-file-systems tree >out2 2>err || got=$?
		"$TUTELA" --json scan tree/mounted >out3 2>err || got=$?
	END
	got=0
	unshare -m sh -e mounted.sh || got=$?
	if [ $got -eq 0 ]; then
		is "not entered" "6 1" "$(files) $(summary skipped_mounts)"
		is "entered" 7 "$(json -w type=summary -g files <out2)"
		is "named" 1 "$(json -w type=summary -g files <out3)"
	fi
fi
