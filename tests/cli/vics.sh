# SPDX-License-Identifier: Apache-2.0
# VICS: sets and cases come in, sets go out, and what went out comes in again as it was.
. "$TESTS/lib.sh"

run 0 init
md5() { hex "$1" 32; }
up() { tr a-f A-F; }
context='"@odata.context":"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#'
cat >set.json <<END
{${context}Media","value":[
{"MediaID":1,"Category":1,"MD5":"$(md5 1 | up)","SHA1":"","MediaSize":2835,"DateUpdated":"2031-01-02T03:04:05.0000Z"},
{"MediaID":2,"Category":0,"md5":"$(md5 1)","Series":"S","VictimIdentified":"True","IsPrecategorized":true},
{"MediaID":3,"Category":null,"MD5":"$(md5 3)","AlternativeHashes":[{"HashName":"SHA1","HashValue":"$(hex 3 40)"}]},
{"MediaID":4,"Category":2,"MD5":"d41d8cd98f00b204e9800998ecf8427e"},
{"MediaID":5,"Category":"two","MD5":"$(md5 5)","Vendor":{"MD5":[1,2]}}
]}
END

# The format is told by the name; records and bad ones are counted, with their numbers.
run 0 import --list set --json set.json
is "records" 4 "$(json -g records <out)"
is "added" 4 "$(json -g added <out)"
# Each medium is counted once: records, and bad ones of which nothing was taken. This file has five.
is "bad" "2 1" "$(json -g bad -g partial <out | tr '\t' ' ')"
says err "set.json:4: the digest of an empty file (byte " "set.json:5: Category is not a whole number: left out (byte "
offset=$(grep -bo '{"MediaID":4' set.json | cut -d: -f1)
says err "(byte $offset)"
run 1 lookup --json --md5 "$(md5 1)"
is "entries of one MD5" 2 "$(grep -o '"entry":"md5:[0-9a-f]*/[12]"' out | sort -u | wc -l)"
says out '"category":"1"' '"category":"0"' '"victim_identified":"true"'
says_not out precategorized
run 1 lookup --json --sha1 "$(hex 3 40)"

# Byte order mark, UTF-16 of both kinds: the same entries.
printf '\357\273\277' | cat - set.json >bom.json
iconv -f UTF-8 -t UTF-16LE set.json >le.json
{ printf '\376\377' && iconv -f UTF-8 -t UTF-16BE set.json; } >be.json
run 0 export --list set --format records
cp out set.records
for file in bom le be; do
	run 0 import --list $file --format vics $file.json
	run 0 export --list $file --format records
	cmp out set.records
done
run 0 import --list set set.json
says out "0 added, 0 changed, 4 unchanged"

# What is exported is imported as it was, and exported the same again.
run 0 import --list mixed --format text - <<END
md5 $(md5 7) a
END
cat >mixed.csv <<END
id,md5,pdq,sha256,category,classification,series
7/img-1,$(md5 7),$(hex 7),$(hex 8),3,A1,x
7/img-2,,$(hex 9),,not a number,,
7/img-3,$(md5 9) $(md5 8),,,,,"a ""quoted"" one"
END
run 0 import --list mixed --replace --force mixed.csv
run 0 import --list mixed set.json
for list in set mixed; do
	run 0 export --list $list --format vics
	cp out $list.vics
	run 0 import --list $list-copy --strict --format vics $list.vics
	run 0 export --list $list-copy --format vics
	cmp out $list.vics
	run 0 export --list $list --format records
	cp out $list.records
	run 0 export --list $list-copy --format records
	cmp out $list.records
done

# A text that is too long to be kept keeps no list from being replaced: what matches is there.
{
	printf '{"value":[{"MediaID":1,"MD5":"%s","Comments":"' "$(md5 31)"
	head -c 5000 /dev/zero | tr '\0' x
	printf '"},{"MediaID":2,"MD5":"%s"}]}' "$(md5 32)"
} >long.json
run 0 --json import --list long --replace --force --format vics long.json
is "long" "2 2 1 1" "$(json -g records -g added -g bad -g partial <out | tr '\t' ' ')"
says err "a text is longer than 4096 bytes: left out"
run 0 list held long
says out "a text is longer than 4096 bytes: left out"
run 1 lookup --md5 "$(md5 31)"
run 2 import --list long --replace --force --strict --format vics long.json
printf '{"value":[{"MediaID":1,"MD5":"%s"},{"MediaID":2,"MD5":"x"}]}' "$(md5 31)" >bad.json
run 2 import --list long --replace --force --format vics bad.json
says err "1 bad line: nothing was imported, because --replace would withdraw their entries"

# In whatever order a list came to be, it is exported the same.
tac mixed.records | sed 's/\(md5:[0-9a-f]*\) \(md5:[0-9a-f]*\)/\2 \1/' >backwards.records
run 0 import --list backwards --format records backwards.records
for format in text csv vics records; do
	run 0 export --list mixed --format $format
	cp out one
	run 0 export --list backwards --format $format
	cmp out one
done

# Withdrawn entries are not among them: VICS has no status.
run 0 withdraw --list mixed --reason wrong 7/img-1
run 0 export --list mixed --format vics
says_not out img-1
run 64 export --list mixed --format vics --all
says err "VICS has no status"

# A case.
cat >case.json <<END
{${context}Cases","value":[{"CaseID":"11111111-2222-4333-8444-555555555555","CaseNumber":"DEMO-1","TotalMediaFiles":9,
"Media":[{"MediaID":0,"Category":1,"MD5":"$(md5 11)","MediaFiles":[{"MD5":"$(md5 11)","FileName":"a.jpg","FilePath":"/a.jpg"}]},
{"MediaID":1,"Category":5,"MD5":"$(md5 12)"}]}]}
END
run 0 import --list case case.json
says out "2 added" "0 bad lines"
run 0 export --list case --format records
says_not out a.jpg

# As a list of files to pass over it is refused, also when the list is there already.
run 2 import --list pass --kind exclude set.json
says err "'set.json'" "a VICS set names abuse material"
run 2 list show pass
run 0 import --list pass --kind exclude --format text - <<END
md5 $(md5 20)
END
run 2 import --list pass --format vics set.json
says err "a VICS set names abuse material"
run 0 export --list pass
is "entries" 1 "$(wc -l <out)"

# What is no VICS, or half of it, is refused whole, with the byte.
head -c 300 set.json >half.json
run 2 import --list half half.json
says err "'half.json'" "the JSON ends too early, at byte 300"
run 2 list show half
echo '{"a":1}' >other.json
run 2 import --list half other.json
says err "not VICS: it has no array 'value'"
sed 's/"MediaID":3/"MediaID" 3/' set.json >broken.json
run 2 import --list half broken.json
says err "broken JSON at byte"
run 2 list show half
