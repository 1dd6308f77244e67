# SPDX-License-Identifier: Apache-2.0
# Pixels and file contents stay in a decoder's memory: pictures are made of a marker, every system call of a whole scan
# is traced, and the marker is seen where a decoder reads the file and nowhere else.
. "$TESTS/lib.sh"

command -v strace >/dev/null || {
	echo "strace is not installed"
	exit 77
}
[ "$(id -u)" -eq 0 ] || {
	echo "only root can look into a decoder: to its own user its memory is closed"
	exit 77
}
strace -o /dev/null true 2>/dev/null || {
	echo "this system does not permit ptrace"
	exit 77
}
marker=$(printf '\307\072\221\345\134\036\362\155\264\027\251\116\323\142\217\060')
seen='\xc7\x3a\x91\xe5\x5c\x1e\xf2\x6d'

mkdir pictures
"$HELPER" marked "$marker" pictures/pixels.png
printf '%s' "$marker" >block
while [ "$(wc -c <block)" -lt 12288 ]; do
	cat block block >more
	mv more block
done
{ # 64 x 64, 24 bits, from the bottom
	printf 'BM\066\060\000\000\000\000\000\000\066\000\000\000\050\000\000\000\100\000\000\000\100\000\000\000\001\000\030\000'
	printf '\000\000\000\000\000\060\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000'
	head -c 12288 block
} >pictures/pixels.bmp
"$MKPICTURE" --seed 1 whole.jpg
{ # a comment of the JPEG, and bytes behind its end
	head -c 2 whole.jpg
	printf '\377\376\000\042%s%s' "$marker" "$marker"
	tail -c +3 whole.jpg
	printf '%s' "$marker"
} >pictures/comment.jpg
printf 'text %s text\n' "$marker" >pictures/text.jpg # undetermined: said on standard error, too
head -c 2000 pictures/pixels.bmp >pictures/cut.bmp

run 0 init
run 0 --json hash pictures/pixels.png pictures/pixels.bmp pictures/comment.jpg
is "hashed" 3 "$(json -w type=file -r pdq,sha256 -c <out)"
status=0
strace -ff -xx -s 1000000 -o trace "$TUTELA" --json scan pictures >out 2>err || status=$?
check_status 2 "$status" "tutela scan under strace"
adds_up
is "scanned" 5 "$(summary files)"

# Every file was read, so the marker is in the trace; no other call had it in any argument.
[ "$(cat trace.* | grep -F "$seen" | grep -c '^pread64(')" -ge 5 ] || fail "the trace does not show the marker being read"
cat trace.* | grep -F "$seen" | grep -v '^pread64(' | cut -c 1-300 >leaks || :
empty leaks
# Nor was the content handed on by calls that show none of it.
! grep -E '^(splice|vmsplice|tee|sendfile|copy_file_range|process_vm_writev|memfd_create)\(' trace.* >&2 ||
	fail "bytes went on unseen"
for file in $(grep -lF "$seen" trace.*); do
	grep -E '^execve\(' "$file" | grep -qF '\x2d\x64\x65\x63\x6f\x64\x65\x72' || # "-decoder"
		fail "a process that is no decoder read a file: $file"
done

# Neither what was printed nor the store has it.
LC_ALL=C grep -rlaF -e "$marker" out err "$TUTELA_STORE" && fail "the marker is in these files" || :
