# SPDX-License-Identifier: Apache-2.0
# dispute, withdraw, allow: what the operator decides holds at once, is told, and can be taken back.
. "$TESTS/lib.sh"

run 0 init
"$MKPICTURE" --seed 1 one.jpg
"$MKPICTURE" --seed 1 --quality 40 like.jpg
run 0 --json hash one.jpg
pdq=$(json -g pdq <out)
sha=$(json -g sha256 <out)
{
	echo "pdq $pdq near"
	echo "sha256 $sha exact"
	echo "md5 $(json -g md5 <out) md5"
} >list.txt
run 0 import --list l list.txt
mkdir disk
cp one.jpg like.jpg disk
scan() {
	run "$1" --json scan --all disk
	adds_up
}
state() {
	json -w type=file -w "path=disk/$1" -g verdict -g hits.0.entry -g allowed <out
}
scan 1
is "both match" 2 "$(summary match)"

# A dispute is a local decision: what the source says again does not end it, --restore does.
run 64 dispute near
run 64 dispute --list l
run 2 dispute --list l nothing
run 0 --json dispute --list l --reason "not what it says" near
is "disputed" "$(printf 'dispute\t1\tdisputed')" "$(json -g type -g changed -g status <out)"
run 0 import --list l list.txt
scan 1
is "no near match" 1 "$(summary match)"
run 0 --json audit show
is "the decision" "$(printf 'local\tdisputed\tnot what it says\tnear')" \
	"$(json -w action=decision -g detail.decision -g detail.status -g detail.reason -g detail.entries.0 <out)"
run 0 dispute --list l --restore near
scan 1
is "near again" 2 "$(summary match)"

# In a list of one's own, withdraw changes what is issued; it is told all the same.
run 0 withdraw --list l --reason gone md5
run 0 --json audit show
is "withdrawn" "$(printf 'issued\twithdrawn\tmd5')" \
	"$(json -w action=decision -w detail.reason=gone -g detail.decision -g detail.status -g detail.entries.0 <out)"
run 0 withdraw --list l --restore md5

# allow: the same PDQ silences PDQ hits and no digest's; the SHA-256 silences all of that very file.
run 64 allow one.jpg
says err "say why: --reason TEXT"
run 64 allow --reason x
run 64 allow --reason x --pdq 12
run 2 allow --reason x missing.jpg
says err "'missing.jpg': no such file"
"$MKPICTURE" --plain 10,20,30 plain.png
run 2 allow --reason x --similar plain.png
says err "'plain.png': the picture has too little detail"
run 2 list show allowed
run 2 allow --reason x --list l one.jpg
says err "'l': this list is not of the kind 'allow'"
run 0 --json allow --reason "a family album" --pdq "$pdq"
is "allowed" "$(printf 'allow\tallowed\t1')" "$(json -g type -g list -g added <out)"
run 0 --json list show allowed
is "kind and threshold" "$(printf 'allow\t0')" "$(json -g kind -g policy.pdq_threshold <out)"
scan 1
is "the digest still counts" match "$(json -w path=disk/one.jpg -g verdict <out)"
is "PDQ is silenced" "$(printf 'pdq\tallowed')" \
	"$(json -w path=disk/one.jpg -g allowed_hits.0.algorithm -g allowed_by.0.list <out)"
is "exact hits only" 2 "$(json -w path=disk/one.jpg -g hits <out | grep -o '"entry"' | wc -l)"
run 0 allow --reason "a family album" one.jpg
scan 0
is "the very file" "$(printf 'no-match\ttrue')" "$(json -w path=disk/one.jpg -g verdict -g allowed <out)"
is "what was silenced" 3 "$(json -w path=disk/one.jpg -g allowed_hits <out | grep -o '"entry"' | wc -l)"
is "counted" "2 4" "$(summary allowed) $(summary allowed_hits)"
is "told without --all" 1 "$(run 0 --json scan disk && json -w type=file -w path=disk/one.jpg -c <out)"
run 0 --json scan disk/one.jpg
is "not silently" 1 "$(json -w type=file -w allowed=true -c <out)"
run 0 scan disk/one.jpg
says out "allowed"
run 0 --json lookup --sha256 "$sha"
is "lookup" "$(printf 'no-match\ttrue')" "$(json -g verdict -g allowed <out)"
run 0 --json audit show
is "told" "$(printf 'allow\ta family album')" "$(json -w action=decision -w "detail.entries.0=sha256:$sha" -g detail.decision -g detail.reason <out)"
run 0 withdraw --list allowed "sha256:$sha" "pdq:$pdq"
scan 1
is "taken back" 2 "$(summary match)"

# What silences a hit does not answer for what could not be compared.
run 0 -d part init
mkdir parts
head -c 20000 one.jpg >parts/cut.jpg
cp plain.png parts
run 2 --json hash parts/cut.jpg
echo "pdq $(json -g partial.pdq <out) cut" >part.txt
run 0 -d part import --list known part.txt
run 0 -d part import --list allowed --kind allow part.txt
run 1 --json -d part scan parts/cut.jpg
is "hits of a part are not silenced" "$(printf 'match\ttrue\t-')" \
	"$(json -w type=file -g verdict -g hits.0.partial -g allowed <out)"
for file in cut.jpg plain.png; do
	echo "md5 $(md5sum <parts/$file | cut -c 1-32)"
done >digests.txt
run 0 -d part withdraw --list known cut
{
	echo "pdq $(hex 1)"
	cat digests.txt
} >known.txt
run 0 -d part import --list known known.txt
run 0 -d part import --list allowed digests.txt
run 2 --json -d part scan parts
for row in cut.jpg:truncated plain.png:low-quality; do
	file=${row%:*}
	is "$file" "$(printf 'undetermined\t[]\tmd5\t-')" \
		"$(json -w path=parts/$file -g verdict -g hits -g allowed_hits.0.algorithm -g allowed <out)"
	is "why $file" 1 "$(summary "undetermined_by_reason.${row#*:}")"
done
run 0 audit verify
run 0 check
