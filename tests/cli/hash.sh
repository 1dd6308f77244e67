# SPDX-License-Identifier: Apache-2.0
# tutela hash: the contract's fields, standard input, and every bad input.
. "$TESTS/lib.sh"

"$MKPICTURE" --seed 1 a.jpg
"$MKPICTURE" --seed 2 --size 640x480 b.png

run 0 --json hash a.jpg b.png
json -w type=file -r path,size,format,width,height,md5,sha1,sha256,pdq,pdq_quality,pdq_full,phash,dhash -c <out >n
is "lines with all fields" 2 "$(cat n)"
is "order" "a.jpg b.png" "$(json -g path <out | tr '\n' ' ' | sed 's/ $//')"
is "no verdict" - "$(json -w path=a.jpg -g verdict <out)"
is "format" "$(printf 'png\t640\t480')" "$(json -w path=b.png -g format -g width -g height <out)"
is "size" "$(wc -c <a.jpg)" "$(json -w path=a.jpg -g size <out)"
is md5 "$(md5sum <a.jpg | cut -c 1-32)" "$(json -w path=a.jpg -g md5 <out)"
is sha1 "$(sha1sum <a.jpg | cut -c 1-40)" "$(json -w path=a.jpg -g sha1 <out)"
is sha256 "$(sha256sum <a.jpg | cut -c 1-64)" "$(json -w path=a.jpg -g sha256 <out)"
is "no dihedral" - "$(json -w path=a.jpg -g pdq_dihedral <out)"
json -w path=a.jpg -g pdq <out >pdq

# As text: one line a file.
run 0 hash a.jpg b.png
is "lines" 2 "$(wc -l <out)"
says out "$(cat pdq)" "  jpeg  800x600  a.jpg"
run 0 hash --dihedral a.jpg
is "lines" 17 "$(wc -l <out)"
says out rotate90 flipminus1 full

run 0 --json hash --dihedral a.jpg
for name in original rotate90 rotate180 rotate270 flipx flipy flipplus1 flipminus1; do
	json -r pdq_dihedral.$name,pdq_full_dihedral.$name <out
done
is "original" "$(cat pdq)" "$(json -g pdq_dihedral.original <out)"

# Some of the fingerprints only.
run 0 --json hash -a pdq --algorithm md5 a.jpg
json -r pdq,pdq_full,pdq_quality,md5 -c <out >n
is "those asked for" "1 - - - $(cat pdq)" "$(cat n) $(json -g sha1 <out) $(json -g phash <out) $(json -g sha256 <out) $(json -g pdq <out)"
run 0 --json hash -a sha256 a.jpg
is "no perceptual one" "$(printf -- '-\t%s' "$(sha256sum <a.jpg | cut -c 1-64)")" "$(json -g pdq -g sha256 <out)"
run 64 --json hash -a photodna a.jpg
says err "'photodna' is not computed of files"

# Standard input: a pipe, a file, and both kinds of nothing.
for how in pipe file; do
	got=0
	if [ $how = pipe ]; then
		cat a.jpg | "$TUTELA" --json hash - >out || got=$?
	else
		"$TUTELA" --json hash - <a.jpg >out || got=$?
	fi
	is "status of $how" 0 $got
	is "pdq of $how" "$(cat pdq)" "$(json -w path=- -g pdq <out)"
	is "size of $how" "$(wc -c <a.jpg)" "$(json -g size <out)"
done
run 2 --json hash - </dev/null
is "nothing" "undetermined" "$(json -g verdict <out)"
run 2 --json hash - <&-
run 2 --json hash - <.

# What cannot be hashed: undetermined, status 2, a sentence on stderr with the subject in quotes, valid JSON.
: >empty.jpg
head -c 5000 a.jpg >short.jpg
echo text >note.txt
echo text >fake.png
mkdir folder
mkfifo fifo.jpg
ln -s nowhere dangling.jpg
ln -s a.jpg link.jpg
bad="empty.jpg short.jpg note.txt fake.png folder fifo.jpg dangling.jpg missing.jpg /dev/null /dev/zero"
# shellcheck disable=SC2086
run 2 --json hash $bad a.jpg link.jpg
is "lines" 12 "$(json -c <out)"
is "undetermined" 10 "$(json -w verdict=undetermined -r path,size,reason -c <out)"
for path in $bad; do
	says err "tutela: '$path': "
	run 2 hash "$path"
	empty out
	is "sentences" 1 "$(wc -l <err)"
	# shellcheck disable=SC2086
	run 2 --json hash $bad
done
reason() {
	json -w "path=$1" -g reason <out
}
is empty "empty: the file is empty" "$(reason empty.jpg)"
case $(reason short.jpg) in truncated:*) ;; *) fail "short.jpg" ;; esac
is folder "unreadable: it is a folder" "$(reason folder)"
is fifo "unreadable: it is no regular file" "$(reason fifo.jpg)"
is device "unreadable: it is no regular file" "$(reason /dev/zero)"
is missing "unreadable: no such file or directory" "$(reason missing.jpg)"
is "digests of what was read" "$(md5sum <short.jpg | cut -c 1-32)" "$(json -w path=short.jpg -g md5 <out)"
is "no hash of half a picture" - "$(json -w path=short.jpg -g pdq <out)"
[ "$(json -w path=short.jpg -g partial.pdq <out)" != - ] || fail "no partial hash"
is "digests of text" "$(md5sum <note.txt | cut -c 1-32)" "$(json -w path=note.txt -g md5 <out)"

# Names with any bytes.
odd=$(printf 'line\nfeed \033[31m "quote\\ \303\251 \377\376.jpg')
cp a.jpg "$odd"
run 0 --json hash "$odd"
is "lines" 1 "$(wc -l <out)"
is "wrong bytes are replaced" 2 "$(json -g path <out | grep -o "$(printf '\357\277\275')" | wc -l)"
is "bytes" "$(printf %s "$odd" | od -An -tx1 | tr -d ' \n')" "$(json -g path_bytes <out)"
run 0 hash "$odd"
is "lines" 1 "$(wc -l <out)"
says out '"line\nfeed \033[31m \"quote\\ é \377\376.jpg"'
run 2 hash "$odd.missing"
is "lines" 1 "$(wc -l <err)"
cp a.jpg é.jpg
run 0 --json hash é.jpg
is "valid names need no bytes" "é.jpg -" "$(json -g path -g path_bytes <out | tr '\t' ' ')"

# Folders only when asked for; in the order of names.
mkdir -p folder/b folder/a
cp a.jpg folder/b/2.jpg
cp a.jpg folder/b/10.jpg
cp b.png folder/a/1.png
run 0 --json hash -r folder
is "order" "folder/a/1.png folder/b/10.jpg folder/b/2.jpg " "$(json -g path <out | tr '\n' ' ')"

# An unreadable file.
if can_be_nobody; then
	cp a.jpg secret.jpg
	chmod 000 secret.jpg
	got=0
	as_nobody "$TUTELA" --json hash secret.jpg >out 2>err || got=$?
	is "status" 2 $got
	says err "tutela: 'secret.jpg': unreadable: permission denied"
	is "reason" "unreadable: permission denied" "$(json -g reason <out)"
fi

# Many at once, in order.
i=0
while [ $i -lt 200 ]; do
	ln -s "$PWD/a.jpg" "copy-$i.jpg"
	i=$((i + 1))
done
run 0 --json hash -j 8 copy-*.jpg
json -g path <out >order
ls copy-*.jpg | cmp - order

# The instruction set changes nothing.
TUTELA_ISA=scalar run 0 --json hash --dihedral a.jpg b.png
mv out scalar
run 0 --json hash --dihedral a.jpg b.png
cmp scalar out
