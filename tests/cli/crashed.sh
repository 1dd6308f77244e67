# SPDX-License-Identifier: Apache-2.0
# A file that costs its decoder: undetermined with its reason and its digest, never "no match"; a match when a list
# knows its digest. The decoders are the escape probe, which does what the file says (tests/sandbox/probe.h).
. "$TESTS/lib.sh"

mkdir bin files
cp "$TUTELA" bin/
ln -s "$(dirname "$MKPICTURE")"/boxes/box/tutela-decoder* bin/
TUTELA=$PWD/bin/tutela

printf '\377\330\377\340:socket 0' >files/socket.jpg
printf '\377\330\377\340:abort 0' >files/abort.jpg
printf '\377\012:segv 0' >files/segv.jxl
printf '\377\330\377\340:lie-quality 1' >files/liar.jpg
echo text >files/text
digest() {
	sha256sum "$1" | cut -c 1-64
}

# Found again by what is printed, in every form of output.
run 0 init
run 2 --json scan files
adds_up
is "crashed" 4 "$(summary undetermined)"
says out '"undetermined_by_reason":{"crashed":4}'
for name in socket.jpg abort.jpg segv.jxl liar.jpg; do
	is "verdict of $name" undetermined "$(verdict files/$name)"
	is "digest of $name" "$(digest files/$name)" "$(json -w type=file -w path=files/$name -g sha256 <out)"
	says out "SHA-256 $(digest files/$name)"
done
says out "SIGSYS: a system call that decoders may not make" "(SIGABRT)" "(SIGSEGV)"
run 2 scan files
says out "crashed" "SHA-256 $(digest files/segv.jxl)"
run 2 hash files/abort.jpg
says err "files/abort.jpg" "(SIGABRT)" "SHA-256 $(digest files/abort.jpg)"

# What is known is known, whatever it does to a decoder.
{
	echo "sha256 $(digest files/socket.jpg) by-sha256"
	echo "md5 $(md5sum files/segv.jxl | cut -c 1-32) by-md5"
} >list
run 0 import --list known --format text list
run 1 --json scan files
adds_up
is "match" 2 "$(summary match)"
is "still undetermined" 2 "$(summary undetermined)"
is "verdict of socket.jpg" match "$(verdict files/socket.jpg)"
is "verdict of segv.jxl" match "$(verdict files/segv.jxl)"
is "verdict of abort.jpg" undetermined "$(verdict files/abort.jpg)"
run 1 scan files/segv.jxl
says out by-md5
