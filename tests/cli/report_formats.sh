# SPDX-License-Identifier: Apache-2.0
# tutela report: one scan, every format; hostile names; records that are damaged or not whole.
. "$TESTS/lib.sh"

run 0 init
mkdir ev
for i in 1 2 3; do
	"$MKPICTURE" --seed $i known-$i.jpg
done
{
	echo 'id,pdq,md5,category,series,status'
	for i in 1 2; do
		run 0 --json hash known-$i.jpg
		echo "\"=entry <$i>, \"\"x\"\"\",$(json -g pdq <out),,$i,,active"
	done
	echo "third,,$(md5sum <known-3.jpg | cut -c 1-32),0,\"a;b\",active"
} >list
run 0 import --list demo --format csv list
run 0 list set demo --expires 2020-01-01
"$MKPICTURE" --seed 1 --quality 60 'ev/"><script>alert(1)<b>&amp;.jpg'
cp ev/*script* "ev/$(printf 'a\033[31m\n\377.jpg')"
"$MKPICTURE" --seed 2 --quality 60 'ev/=cmd|x,"y".jpg'
cp known-3.jpg ev/exact.jpg
cp known-3.jpg ev/exact-again.jpg
"$MKPICTURE" --seed 77 ev/other.jpg
: >ev/empty.png
head -c 3000 known-2.jpg >ev/cut.jpg
run 1 --json scan --ordered --evidence EX-7 --operator 'Ö. N.' ev
mv out scan.jsonl
says err "expired on 2020-01-01"
matches=$(json -w type=summary -g match <scan.jsonl)
hits=$(json -w type=summary -g hits <scan.jsonl)
is "the scan" "5 5 2" "$matches $hits $(json -w type=summary -g undetermined <scan.jsonl)"
cat >map <<'END'
# names
1 everywhere one
[demo]
1 <One> & "more"
0	nothing said
END

# --- JSON Lines: a line for each hit, each undetermined file, and the summary
run 0 report --from scan.jsonl --format jsonl --categories map
is "hits" "$hits" "$(json -w type=hit -r path,size,md5,sha256,evidence,list,list_version,entry,algorithm,distance,threshold,variant,labels,action,tool_version,expired -c <out)"
is "undetermined" 2 "$(json -w type=undetermined -r path,reason,evidence -c <out)"
is "summary" 1 "$(json -w type=summary -c <out)"
is "names of categories" '2 <One> & "more"' "$(json -w category=1 -g category_name <out | sort | uniq -c | sed 's/^ *//')"
is "zero is a category" "nothing said" "$(json -w category=0 -g category_name <out | sort -u)"
is "without a name" "-" "$(json -w category=2 -g category_name <out | sort -u)"

# --- CSV
run 0 report --from scan.jsonl --format csv --out r.csv
is "no output" "" "$(cat out)"
is "mode of the file" 600 "$(stat -c %a r.csv)"
is "lines end in CR LF" "$(tr -cd '\r' <r.csv | wc -c)" "$((1 + hits + 2))"
head -n 1 r.csv | grep -q '^evidence,path,path_bytes,size,.*,tool_version'
says r.csv "'=entry <1>" "undetermined,empty: " ',"ev/=cmd|x,""y"".jpg",' "$(printf 'a\033[31m')" 0aff2e6a7067 \
	"true,$(json -w type=summary -g tool_version <scan.jsonl)"
"$TUTELA" report --from - --format csv <scan.jsonl | cmp - r.csv
cat scan.jsonl | "$TUTELA" report --from - --format csv | cmp - r.csv

# --- VICS: what was written is read back, and each content stands there once.
run 0 report --from scan.jsonl --format vics --case-number C-1 --region US --out r.vics
document() { # a JSON document as one line for the helper
	printf '{"type":"document",'
	tr -d '\n' <"$1" | cut -c 2-
	echo
}
document r.vics >v
is "case" "C-1	Tutela" "$(json -g value.0.CaseNumber -g value.0.SourceApplicationName <v)"
says r.vics 'DataModels/2.0.xml/US/$metadata#Cases'
run 0 --json import --list back --format vics r.vics
is "contents" "$(json -w verdict=match -g md5 <scan.jsonl | sort -u | wc -l)" "$(json -g added <out)"
run 0 export --list back --format csv
for md5 in $(json -w verdict=match -g md5 <scan.jsonl | sort -u); do
	says out "$md5"
done
is "files" 5 "$(grep -o '"FilePath"' r.vics | wc -l)"
is "source" 5 "$(grep -o '"SourceID":"EX-7"' r.vics | wc -l)"
is "where they are" 1 "$(grep -c '"RelativeFilePath":"ev\\\\=cmd|x,\\"y\\".jpg"' r.vics)"
is "but for the name that is no text" 3 "$(grep -o '"RelativeFilePath"' r.vics | wc -l)"
for way in .. x/.. ..//x ./../x; do
	sed "s,\"path\":\"ev/,\"path\":\"$way/," scan.jsonl >b
	run 0 report --from b --format vics
	is "none that goes up: $way" 0 "$(grep -c '"RelativeFilePath"' out)"
	is "all of them by their paths: $way" 5 "$(grep -o "\"FilePath\":\"$way/" out | wc -l)"
done
sed 's,"path":"ev/,"path":"..ev/...,' scan.jsonl >b
run 0 report --from b --format vics
is "dots that do not go up" 3 "$(grep -o '"RelativeFilePath":"..ev' out | wc -l)"
is "exact hits carry labels, others do not" 1 "$(grep -o '"Series":"a;b"' r.vics | wc -l)"
run 0 list remove back --yes

# --- CASE
run 0 report --from scan.jsonl --format case --case-number C-1 --out r.case
document r.case >c
is "tool" uco-tool:AnalyticTool "$(json -g '@graph.0.@type' <c)"
nodes() {
	grep -c "^{\"@id\":\"kb:[a-z-]*-[0-9a-f-]*\",\"@type\":\"$1\"" r.case
}
says r.case '"@type":"uco-analysis:Analysis","uco-core:name":"hash list scan"' 'match=5 undetermined=2' 'EXPIRED; records'
is "nodes" "7 8 7 7 1 1 1" "$(nodes uco-observable:File) $(nodes uco-analysis:Analysis) $(nodes uco-analysis:AnalyticResult) $(nodes uco-observable:ObservableRelationship) $(nodes case-investigation:ProvenanceRecord) $(nodes uco-identity:Person) $(nodes case-investigation:Investigation)"
is "every id once" "" "$(grep -o '^{"@id":"[^"]*"' r.case | sort | uniq -d)"
# What UCO's shapes demand: a compilation has an object, which is in the graph; the names of hashes are of its vocabulary.
scan=$(grep '"uco-core:name":"hash list scan"' r.case | grep -o '^{"@id":"[^"]*"')
says r.case "\"@type\":\"case-investigation:Investigation\",\"uco-core:name\":\"C-1\",\"uco-core:object\":[$scan}]" \
	'"uco-types:hashMethod":{"@type":"uco-vocabulary:HashNameVocab","@value":"MD5"}' '"uco-types:hashMethod":"PDQ"'
grep -o '{"@id":"[^"]*"}' r.case | tr -d '}' | sort -u >references
is "references to nothing" "" "$(grep -o '{"@id":"[^"]*",' r.case | tr -d ',' | sort -u | comm -13 - references)"
says r.case 'distance=0 threshold=0' 'list=expired' 'demo/category 1' '"@value":"2'
says_not r.case onfidence

# --- HTML
run 0 report --from scan.jsonl --format html --case-number 'C<1>' --categories map --out r.html
says r.html "C&lt;1&gt;" "EX-7" "Ö. N." 'EXPIRED: the list demo' '&lt;script&gt;alert(1)' '\033[31m\n\377.jpg' '&lt;One&gt; &amp; ' \
	"truncated: " "<svg" "Signature" "$(sha256sum <scan.jsonl | cut -c 1-64)" \
	"$(json -w type=summary -g lists.0.digest <scan.jsonl)" "$(json -w type=summary -g machine.host <scan.jsonl)" \
	"default-src 'none'"
is "scripts" 1 "$(grep -o '<script' r.html | wc -l)"
is "styles" 1 "$(grep -o '<style' r.html | wc -l)"
for word in 'src=' 'href=' 'url(' '<img' '<link' '<iframe' ' style=' ' on[a-z]*=' 'alert(1)<'; do
	! grep -o -e "$word" r.html || fail "the page has $word"
done
is "control characters" 0 "$(tr -cd '\000-\010\013-\037\177' <r.html | wc -c)"
# The policy names the script and the style that are there.
policy() { # TAG: base64 of the SHA-256 of what is between <TAG> and </TAG>
	awk -v tag="$1" 'index($0, "<" tag ">") { on = 1; sub(".*<" tag ">", "") }
		on && index($0, "</" tag ">") { sub("</" tag ">.*", ""); printf "%s", $0; exit }
		on { print }' r.html | sha256sum | cut -c 1-64 | tr a-f A-F | basenc -d --base16 | base64
}
says r.html "script-src 'sha256-$(policy script)'" "style-src 'sha256-$(policy style)'"
is "rows" "$hits" "$(sed -n '/id="hits"/,/<.table>/p' r.html | grep -c '^<tr><td')"
run 0 report --from scan.jsonl --format html --rows 2
is "rows" 2 "$(sed -n '/id="hits"/,/<.table>/p' out | grep -c '^<tr><td')"
says out "Only the first 2 of 5 rows"

# The same records give the same bytes; a page says when it was made.
for f in jsonl csv vics case; do
	run 0 report --from scan.jsonl --format $f
	cp out first
	run 0 report --from scan.jsonl --format $f
	cmp out first
done

# --- a flood is told in every format, and the names that a list had for its categories are used
run 0 list set demo --flood 1 --flood-action review --category-map us
run 1 --json scan --ordered -j 1 ev
mv out flood.jsonl
is "flood" "third review" "$(json -w type=summary -g flood.1.entry -g flood.1.action <flood.jsonl | tr '\t' ' ')"
run 0 report --from flood.jsonl --format jsonl
is "marked" 2 "$(json -w type=hit -w entry=third -w flood=review -c <out)"
is "all that are" 4 "$(json -w type=hit -w flood=review -c <out)"
is "named" "Uncategorized" "$(json -w type=hit -w entry=third -g category_name <out | sort -u)"
run 0 report --from flood.jsonl --format csv
is "in the last column" 2 "$(grep -c 'third.*,review.$' out)"
run 0 report --from flood.jsonl --format vics
is "in the case" 2 "$(($(grep -o 'entry=third[^"]*to be reviewed' out | wc -l) * $(grep -o '"FileName":"exact' out | wc -l)))"
run 0 report --from flood.jsonl --format case
is "in the graph" 2 "$(grep -c 'entry=third.*flood=review' out)"
run 0 report --from flood.jsonl --format html
says out "FLOOD: 2 entries match so many files" "its hits are held for review" "1 Child Exploitation (Illegal)"
is "in the table" 4 "$(grep -c '<td>held for review: flood, list expired$' out)"
run 0 report --from flood.jsonl --format csv --categories map
says out "nothing said"
says_not out Uncategorized
run 0 list set demo --flood-action flag
run 1 --json scan --ordered -j 1 ev
mv out flood.jsonl
run 0 report --from flood.jsonl --format html
is "flagged" 4 "$(grep -c '<td>report, flood, list expired$' out)"
run 0 list set demo --flood default --category-map none

# --- a case folder: all formats, and two scans of it give the same reports
run 1 scan --case one --evidence EX-7 ev
run 1 scan --case two -j 3 --evidence EX-7 ev
for f in csv vics; do
	run 0 report --from one --format $f
	cp out first
	run 0 report --from two --format $f
	cmp out first
done
run 0 report --from one --format jsonl
is "the list is out of date here too" "$hits" "$(json -w type=hit -w expired=true -c <out)"
run 0 report --from one --format html
says out "EX-7" "EXPIRED: the list demo" "$(sha256sum <one/files.jsonl | cut -c 1-64)"
run 0 report --from one --format case
# A file of it that holds no results, by whatever name, is one sentence.
cp one/files.jsonl renamed
for f in one/case.json renamed; do
	run 2 report --from $f --format csv
	says err "'$f': th" "not its results: name the folder of the case, --from FOLDER"
	is "sentences" 1 "$(wc -l <err)"
	[ ! -s out ] || fail "a report of $f"
done
run 2 report --from - --format csv <one/case.json
says err "this is what is known of a case, not its results"
# One whose results somebody changed: every format is made, and none of them goes for whole.
cp -r one changed
sed -i '1s/"entry":"/&x/' changed/results.jsonl
for f in jsonl csv vics case html; do
	run 2 report --from changed --format $f
	says err "'changed': 'results.jsonl' is not what the scan wrote"
	[ $f != html ] && [ $f != case ] || says out "ALTERED: "
done
# One that is not finished.
sed 's/"state": "complete"/"state": "running"/; s/"summary"/"summery"/' one/case.json >x
mv x one/case.json
run 2 report --from one --format html
says err "has no summary: the scan did not come to its end"
says out "UNFINISHED" "demo" "EXPIRED: the list demo"
says_not out "files looked at"
run 2 report --from one --format jsonl
is "each line has a type, the last says that there are no counts" "$(wc -l <out) true" \
	"$(grep -c '^{"type":"' out) $(json -w type=summary -g unfinished <out)"

# --- what is wrong with records
bad() { # TEXT: the CSV of `b` says so, has all good lines, and the status is 2
	run 2 report --from b --format csv
	says err "$1"
}
sed '2s/"path"/"pith"/' scan.jsonl >b
bad "'b': line 2: is missing: 'path'"
is "the others are there" "$((1 + hits - 1 + 2))" "$(tr -cd '\r' <out | wc -c)"
says err "the summary counts 5 files that match and 2 undetermined"
run 2 report --from b --format html
says out "1 line of the records could not be read" "INCOMPLETE"
head -n 3 scan.jsonl >b
bad "has no summary"
{ cat scan.jsonl; head -c 100 scan.jsonl; } >b
bad "line 9: not a JSON object"
cat scan.jsonl scan.jsonl >b
bad "line 16: a second summary"
sed 1d scan.jsonl >b
bad "but there are lines of"
{ yes nonsense | head -n 50; cat scan.jsonl; } >b
bad "50 lines in all could not be read"
is "not all of them are named" 20 "$(grep -c 'not a JSON object' err)"
: >b
bad "has no summary"
{ head -c 40000000 /dev/zero | tr '\0' x; echo; cat scan.jsonl; } >b
"$HELPER" memory "$TUTELA" report --from b --format csv 9>memory >out 2>err && fail "a line of 40 MB" || :
says err "line 1: longer than 32 MiB"
is "the others are there" "$((1 + hits + 2))" "$(tr -cd '\r' <out | wc -c)"
[ "$(cat memory)" -lt 120000 ] || fail "$(cat memory) KiB for a line that is too long"

run 2 report --from nothing --format csv
says err "'nothing': no such file or directory"
run 2 report --from ev --format csv
says err "it holds no 'case.json'"
run 2 report --from scan.jsonl --format csv --out nowhere/r.csv
says err "cannot make a file there"
cp scan.jsonl b
run 2 report --from scan.jsonl --format jsonl --out ./scan.jsonl
says err "these are the records themselves"
feed 2 report --from - --format jsonl --out ./scan.jsonl <scan.jsonl
says err "these are the records themselves"
cmp b scan.jsonl
# What is there and is no file stays what it is.
mkfifo pipe
ln -s r.csv link
mkdir folder
ls -ld pipe link folder >before
for f in pipe link folder; do
	run 2 report --from scan.jsonl --format csv --out $f
	says err "'$f': is there and is no regular file"
	run 2 export --list demo --out $f
	says err "'$f': is there and is no regular file"
done
ls -ld pipe link folder | cmp before -
for f in results.jsonl files.jsonl case.json; do
	cp one/$f b
	run 2 report --from one --format csv --out one/$f
	says err "'one/$f': these are the records themselves"
	cmp b one/$f
done
echo 'one' >m
run 2 report --from scan.jsonl --format csv --categories m
says err "'m': line 1: neither [LIST] nor a category and its name"
printf '1 a\n1 b\n' >m
run 2 report --from scan.jsonl --format csv --categories m
says err "line 2: this category has a name already"
printf '1 \377\n' >m
run 2 report --from scan.jsonl --format csv --categories m
says err "line 1: not UTF-8"
run 64 report --format csv
run 64 report --from scan.jsonl
run 64 report --from scan.jsonl --format pdf
says err "'pdf' is not one of"
run 64 report --from scan.jsonl --format vics --region 'U S'
run 64 report --from scan.jsonl --format csv more
run 64 report --from scan.jsonl --format csv --case-number "$(printf '\377')"
if [ -w /dev/full ]; then
	got=0
	"$TUTELA" report --from scan.jsonl --format html >/dev/full 2>err || got=$?
	is "a full disk" 2 $got
	says err "no space left"
fi

# The records change while a report is made of them: its digest would be of other bytes than its rows.
awk 'BEGIN { while (n++ < 4000)
	printf "{\"type\":\"file\",\"path\":\"f%d\",\"size\":1,\"md5\":\"%032x\",\"verdict\":\"match\",\"hits\":[{\"list\":\"l\",\"entry\":\"e\",\"algorithm\":\"md5\"}]}\n", n, n
	print "{\"type\":\"summary\",\"files\":4000,\"match\":4000,\"undetermined\":0}" }' >many
# Its time goes with its length, whatever its summary names.
awk 'BEGIN { while (n++ < 4000)
	printf "{\"type\":\"file\",\"path\":\"f%d\",\"size\":1,\"verdict\":\"match\",\"hits\":[{\"list\":\"l\",\"entry\":\"e\",\"algorithm\":\"md5\"}]}\n", n
	printf "{\"type\":\"summary\",\"match\":4000,\"undetermined\":0,\"lists\":["
	while (m++ < 200000) printf "{\"list\":\"n%d\"},", m
	print "{\"list\":\"l\",\"expired\":true}]}" }' >lists
for format in case csv; do
	got=0
	timeout 20 "$TUTELA" report --from lists --format $format >out 2>err || got=$?
	is "$format of very many lists" 0 $got
done
is "out of date" 4000 "$(grep -c ',true,' out)"
# How far it is, where that is asked for: what each pass reads.
for words in csv:8000 html:8000 vics:16000; do
	run 0 --progress report --from many --format ${words%:*} --out r
	is "progress of ${words%:*}" "${words#*:}" "$(tail -n 1 err | tr -d , | cut -d ' ' -f 1)"
	run 0 report --from many --format ${words%:*} --out r
	empty err
done
# The disk's own word, although more than a buffer was lost by then.
if [ -w /dev/full ]; then
	for format in jsonl csv vics case html; do
		got=0
		"$TUTELA" report --from many --format $format >/dev/full 2>err || got=$?
		is "a full disk, $format" 2 $got
		is "what is said" "tutela: 'standard output': no space left on device" "$(cat err)"
	done
fi
# Somebody who waits for a pipe and gives up.
mkfifo never
got=0
timeout -s INT 0.3 "$TUTELA" report --from never --format csv >out 2>err || got=$?
is "interrupted" "124 tutela: 'never': interrupted" "$got $(cat err)"
mkfifo slow
for format in csv vics; do
	cp many moving
	"$TUTELA" report --from moving --format $format >slow 2>err &
	report=$!
	exec 8<slow
	# It stands still in the middle, its pipe being full.
	sleep 0.5
	printf 'x' | dd of=moving bs=1 seek=$(($(grep -b -m 1 '"f3999"' moving | cut -d : -f 1) + 23)) conv=notrunc 2>dd
	cat <&8 >out
	exec 8<&-
	got=0
	wait $report || got=$?
	is "$format of moving records" 2 $got
	says err "changed while it was read"
done
# Who asks to stop is heard while the report is written.
for format in jsonl vics; do
	"$TUTELA" report --from many --format $format >slow 2>err &
	report=$!
	exec 8<slow
	sleep 0.5
	kill -TERM $report
	cat <&8 >out
	exec 8<&-
	got=0
	wait $report || got=$?
	is "$format, interrupted" 2 $got
	says err "interrupted; there is no whole report"
done
# A case folder of others: nobody is waited for.
mkdir odd
mkfifo odd/case.json
run 2 report --from odd --format csv
says err "this is not what a scan of a case writes"
