# SPDX-License-Identifier: Apache-2.0
# import, export, withdraw: what is good comes in whole, what is bad is named.
. "$TESTS/lib.sh"

run 0 init

count() {
	run 0 --json list show "$1"
	json -g "$2" <out
}

# Text: all its freedoms.
{
	printf '\357\273\277# a comment after a byte order mark\r\n'
	echo "pdq $(hex 1) entry-1"
	printf 'SHA256 %s entry-2\r\n' "$(hex 2 | tr a-f A-F)"
	echo
	echo "md5 $(hex 3 32)"
	printf 'sha1 %s' "$(hex 4 40)"
} >list.txt
run 0 --json import --list t --format text list.txt
json -w type=import -g list -g version -g files -g records -g added -g changed -g unchanged -g withdrawn -g bad <out >got
is "import" "$(printf 't\t1\t1\t4\t4\t0\t0\t0\t0')" "$(cat got)"
empty err
run 0 --json import --list t list.txt
is "again" "$(printf '1\t0\t4')" "$(json -g version -g added -g unchanged <out)"
run 0 import --list t list.txt
says out "list 't', version 1: 0 added, 0 changed, 4 unchanged, 0 withdrawn"
is "the list" "$(printf '4\t1\t1\t1\t1')" "$(run 0 --json list show t &&
	json -g active -g fingerprints.pdq -g fingerprints.md5 -g fingerprints.sha1 -g fingerprints.sha256 <out)"

# Standard input, bare hex, several files in one update.
hex 11 | feed 0 --json import --list t --algorithm pdq -
is "from a pipe" 1 "$(json -g added <out)"
hex 12 >one
hex 13 >two
run 0 --json import --list t --algorithm pdq one two
is "two files" "$(printf '3\t2\t2')" "$(json -g version -g files -g added <out)"

# Bad lines are named, counted and left out.
{
	echo "pdq $(hex 21)"
	echo "pdq 123"
	echo "crc32 12345678"
	echo "md5 d41d8cd98f00b204e9800998ecf8427e"
	echo "pdq 0000000000000000000000000000000000000000000000000000000000000000"
	echo "pdq $(hex 22)"
} >some.txt
run 0 --json import --list s some.txt
is "good and bad" "$(printf '2\t4\t0')" "$(json -g added -g bad -g partial <out)"
is "lines" "2 3 4 5 " "$(sed -n 's/^some\.txt:\([0-9]*\): ..*/\1/p' err | tr '\n' ' ')"
run 2 import --list s2 --strict some.txt
says err "tutela: 's2': 4 bad lines: nothing was imported"
run 2 list show s2
run 2 import --list s3 --algorithm pdq list.txt.missing some.txt
says err "tutela: 'list.txt.missing': no such file or directory"
run 2 list show s3
grep -v "$(hex 21)" some.txt | grep -v "$(hex 22)" >bad.txt
run 2 import --list s4 bad.txt
says err "4 bad lines and no good one"
i=0
while [ $i -lt 30 ]; do
	echo "bad line $i"
	i=$((i + 1))
done >many.txt
echo "pdq $(hex 23)" >>many.txt
run 0 import --list s many.txt
is "the first twenty" 20 "$(grep -c '^many.txt:' err)"
says err "... and 10 more bad lines"
run 0 import --list s -v many.txt
is "all" 30 "$(grep -c '^many.txt:' err)"

# Files that are none.
mkdir folder
: >empty.txt
head -c 300000 /dev/urandom >noise
for file in folder missing; do
	run 2 import --list x $file
	says err "tutela: '$file': "
done
run 2 import --list x noise
run 0 --json import --list x empty.txt
says err "warning: 'x': the input holds no entry"
is "nothing in it" 0 "$(json -g added <out)"
run 2 import --list 'bad name' list.txt
says err "'bad name'"
feed 2 import --list x - <&-

# --replace withdraws what is not there, and does not trust half a file.
printf 'pdq %s a\npdq %s b\npdq %s c\n' "$(hex 31)" "$(hex 32)" "$(hex 33)" >r1
printf 'pdq %s a\npdq %s d\n' "$(hex 31)" "$(hex 34)" >r2
run 0 import --list r r1
run 2 import --list r --replace r2
says err "tutela: 'r': the input lacks more than half of the list's entries: nothing was imported"
is "not withdrawn" 3 "$(count r active)"
run 0 --json import --list r --replace --force r2
is "replaced" "$(printf '1\t1\t2')" "$(json -g added -g unchanged -g withdrawn <out)"
is "left" 2 "$(count r active)"
echo broken >>r2
run 2 import --list r --replace r2
says err "--replace would withdraw"
run 0 import --list r --replace --lenient r2
run 2 import --list r --replace empty.txt
says err "no entry"
is "still there" 2 "$(count r active)"

# CSV, with a map and labels; and round trips.
printf 'Entry;MD5;PDQ Hash;Cat\ne1;%s;%s;1\ne2;;%s;"two; ""quoted"""\ne3;x;;\n' "$(hex 41 32)" "$(hex 41)" "$(hex 42)" >c.csv
run 0 --json import --list c --columns 'id=Entry,md5=MD5,pdq=PDQ Hash,label:category=Cat' c.csv
is "csv" "$(printf '2\t1')" "$(json -g added -g bad <out)"
says err "c.csv:4: "
run 1 --json lookup --pdq "$(hex 42)"
is "label" 'two; "quoted"' "$(json -g hits.0.labels.category <out)"
run 2 import --list c --format csv --columns 'id=Nothing' c.csv
run 2 import --list c --format csv --columns 'nonsense' c.csv
printf '%s,z1\n' "$(hex 43)" >nohead.csv
run 0 --json import --list c --no-header --columns 'pdq=#1,id=#2' --delimiter , nohead.csv
is "no header" 1 "$(json -g added <out)"

run 0 export --list c --format csv
mv out c2.csv
run 0 --json import --list c-copy c2.csv
is "csv round trip" "$(printf '3\t0')" "$(json -g added -g bad <out)"
run 0 export --list c-copy --format csv
cmp out c2.csv
run 0 export --list t
mv out t2.txt
is "lines of text" 7 "$(grep -c . t2.txt)"
run 0 --json import --list t-copy t2.txt
is "text round trip" "$(printf '7\t0')" "$(json -g added -g bad <out)"

# Export to a file: whole or not at all.
run 0 export --list t --output exported
cmp exported t2.txt
is "mode" 600 "$(stat -c %a exported)"
run 2 export --list zzz --output unmade
run 2 export --list zzz
says err "tutela: 'zzz': no such list in this store"
run 2 export --list t --output no/such/folder
says err "tutela: 'no/such/folder': "
run 2 export --list t --output folder
is "no leftovers" "" "$(find . -name 'exported.*' -o -name 'unmade*' -o -name 'folder.*')"
got=0
"$TUTELA" export --list t >/dev/full 2>err || got=$?
is "full disk" 2 $got

# Withdraw by id, by fingerprint, from a file; dispute; restore.
found() {
	got=0
	"$TUTELA" lookup "$@" >/dev/null 2>&1 || got=$?
	echo $got
}
printf 'pdq %s w1\nmd5 %s w1\npdq %s w2\nmd5 %s w3\npdq %s w4\n' "$(hex 51)" "$(hex 51 32)" "$(hex 52)" "$(hex 51 32)" \
	"$(hex 53)" >w.txt
run 0 import --list w w.txt
run 0 --json withdraw --list w --reason "a test" w2
is "withdrawn" "$(printf '1\t0\twithdrawn')" "$(json -w type=withdraw -g changed -g not_found -g status <out)"
is "w2 matches no more" 0 "$(found --pdq "$(hex 52)")"
is "w1 still matches" 1 "$(found --pdq "$(hex 51)")"
run 2 withdraw --list w nothing w4
says err "tutela: 'nothing': no such entry in the list 'w'"
is "w4 matches no more" 0 "$(found --pdq "$(hex 53)")"
run 0 --json withdraw --list w --dispute "MD5:$(hex 51 32 | tr a-f A-F)"
is "both carriers" 2 "$(json -g changed <out)"
is "disputed" 0 "$(found --md5 "$(hex 51 32)")"
is "counts" "$(printf '0\t2\t2')" "$(run 0 --json list show w && json -g active -g disputed -g withdrawn <out)"
printf 'w1\r\n# comment\n\nw3\n' >entries
run 0 withdraw --list w --restore --from entries
is "restored" 1 "$(found --md5 "$(hex 51 32)")"
printf 'w2\n' | feed 0 withdraw --list w --restore --from -
is "restored too" 1 "$(found --pdq "$(hex 52)")"
run 2 withdraw --list zzz w1
says err "tutela: 'zzz': no such list in this store"
run 2 withdraw --list w --from missing
says err "'missing'"
run 0 withdraw --list w w1
run 0 export --list w --format csv --all
says out withdrawn
run 0 export --list w
says_not out "w1"

# Two writers: the second is told, and changes nothing.
mkfifo pipe
"$TUTELA" import --list first pipe >first.out 2>&1 &
first=$!
exec 3>pipe
echo "pdq $(hex 61)" >&3
i=0
until grep -q . pipe.never 2>/dev/null || [ $i -ge 50 ]; do
	# The lock is taken before the first line is read.
	run_status=0
	"$TUTELA" import --list second one --algorithm pdq >out 2>err || run_status=$?
	[ $run_status -eq 2 ] && break
	i=$((i + 1))
	sleep 0.05
done
is "the second writer" 2 $run_status
says err "tutela: " "process"
run 1 lookup --pdq "$(hex 31)"
exec 3>&-
wait $first || fail "the first writer: $(cat first.out)"
run 0 list show first

# Ctrl-C: nothing is imported.
"$TUTELA" import --list stopped pipe >first.out 2>&1 &
first=$!
exec 3>pipe
echo "pdq $(hex 71)" >&3
sleep 0.2
kill -INT $first
got=0
wait $first || got=$?
exec 3>&-
is "status" 2 $got
says first.out "interrupted; nothing was imported"
run 2 list show stopped
run 0 import --list after one --algorithm pdq

# Killed: nothing is imported, and the next writer cleans up.
"$TUTELA" import --list killed pipe >first.out 2>&1 &
first=$!
exec 3>pipe
echo "pdq $(hex 72)" >&3
sleep 0.2
kill -KILL $first
wait $first || :
exec 3>&-
run 2 list show killed
run 0 import --list after two --algorithm pdq
run 0 check
