# SPDX-License-Identifier: Apache-2.0
# The formats of exact hashes, lists of known files to pass over, and what --replace says of what vanished.
. "$TESTS/lib.sh"

run 0 init

upper() {
	hex "$@" | tr a-f A-F
}

count() {
	run 0 --json list show "$1"
	json -g "$2" <out
}

# found LIST ALGORITHM HEX...: each is found in that list and no other.
found() {
	list=$1 algorithm=$2
	shift 2
	for value in "$@"; do
		feed 1 --json lookup <<-END
		$algorithm $value
		END
		is "list of $algorithm $value" "$list" "$(json -g hits.0.list <out)"
		is "one hit" - "$(json -g hits.1.list <out)"
	done
}

# imported LIST FORMAT ADDED BAD FILE: with the format given, and by the file's name alone.
imported() {
	run 0 --json import --list "$1" --format "$2" "$5"
	is "$2" "$(printf '%s\t%s' "$3" "$4")" "$(json -g added -g bad <out)"
	run 0 --json import --list "$1" "$5"
	is "$2 by name" "$(printf '0\t%s\t%s' "$3" "$4")" "$(json -g added -g unchanged -g bad <out)"
}

# md5sum's lines, BSD's, bare ones; a name is not kept; doubles are one entry.
{
	echo "$(hex 1 32)  secret name.jpg"
	echo "$(hex 2 40) *b.jpg"
	printf '\\%s  c\\nd.jpg\n' "$(hex 3)"
	echo "MD5 (e (1) = x.jpg) = $(hex 4 32)"
	upper 1 32
	echo
	echo "nonsense"
} >list.md5
imported sums sums 4 1 list.md5
found sums md5 "$(hex 1 32)" "$(hex 4 32)"
found sums sha1 "$(hex 2 40)"
found sums sha256 "$(hex 3)"
run 0 export --list sums --format csv
says_not out secret
says out "md5:$(hex 1 32),"

# As these programs end lines with -z, names with a line feed among them.
mkdir z
echo one >"z/$(printf 'a\nb')"
echo two >z/c
md5sum -z z/c z/a* >z.md5
sha256sum -z --tag z/* >>z.md5
is "lines" 4 "$(tr -cd '\0' <z.md5 | wc -c)"
imported ended sums 4 0 z.md5
found ended md5 "$(echo one | md5sum | cut -c 1-32)" "$(echo two | md5sum | cut -c 1-32)"
found ended sha256 "$(echo one | sha256sum | cut -c 1-64)" "$(echo two | sha256sum | cut -c 1-64)"
run 2 import --list other --format text z.md5
says err "'z.md5' looks like what md5sum and its kin print: say --format sums"

# What a shell of another system makes of it: UTF-16.
{
	printf '\377\376'
	printf '%s  a.jpg\r\n%s  b.jpg\r\n' "$(upper 5 32)" "$(upper 6 32)" | iconv -f UTF-8 -t UTF-16LE
} >MD5SUMS
imported wide sums 2 0 MD5SUMS
found wide md5 "$(hex 5 32)" "$(hex 6 32)"

# What hashdeep prints. A name may hold commas; with a line's end in it, its rest is a bad line.
{
	printf '%%%%%%%% HASHDEEP-1.0\n%%%%%%%% size,md5,sha256,filename\n## Invoked from: /x\n'
	echo "7,$(hex 7 32),$(hex 8),/x/secret, name.jpg"
	printf '9,%s,%s,/x/b\nc.jpg\n' "$(hex 9 32)" "$(hex 10)"
} >list.hashdeep
imported deep hashdeep 2 1 list.hashdeep
found deep md5 "$(hex 7 32)" "$(hex 9 32)"
found deep sha256 "$(hex 8)" "$(hex 10)"
run 0 export --list deep --format csv
says_not out secret

# An index of hfind.
{
	printf '%041d|md5sum\n%041d|list.md5\n' 0 1
	printf '%032d|%016d\n' 0 0
	printf '%s|%016d\n' "$(upper 11 32)" 0 "$(upper 12 32)" 33
	echo "broken"
} >list.txt-md5.idx
imported hfind hfind 2 1 list.txt-md5.idx
found hfind md5 "$(hex 11 32)" "$(hex 12 32)"

# A hash set of EnCase: a head of 1152 bytes, records of 18; the last one is cut off.
bytes() {
	for byte in $(echo "$1" | sed 's/../& /g'); do
		# shellcheck disable=SC2059 # an octal escape
		printf "\\$(printf '%03o' "0x$byte")"
	done
}
{
	printf 'HASH\r\n\377\000'
	head -c 1144 /dev/zero
	for i in 21 22; do
		bytes "$(hex $i 32)"
		printf '\000\000'
	done
	printf 'rest'
} >set.hash
imported encase encase 2 1 set.hash
found encase md5 "$(hex 21 32)" "$(hex 22 32)"

# A table of HashKeeper.
{
	echo '"file_id","hashset_id","file_name","directory","hash","file_size","date_modified","time_modified","time_zone","comments","date_accessed","time_accessed"'
	echo "1,2,\"secret, name.jpg\",\"C:\\x\",\"$(upper 31 32)\",10,,,,,,"
	echo '2,2,"b.jpg","C:\x","",10,,,,,,'
} >set.hsh
imported keeper hashkeeper 1 1 set.hsh
found keeper md5 "$(hex 31 32)"

# A database of The Sleuth Kit: blobs, or text.
"$HELPER" sqlite known.kdb <<END
CREATE TABLE db_properties (name TEXT NOT NULL, value TEXT);
INSERT INTO db_properties VALUES ('Schema Version', '1');
CREATE TABLE hashes (id INTEGER PRIMARY KEY AUTOINCREMENT, md5 BINARY(16) UNIQUE, sha1 BINARY(20), sha2_256 BINARY(32));
INSERT INTO hashes (md5) VALUES (X'$(hex 41 32)'), ('$(hex 42 32)'), (7);
INSERT INTO hashes (md5, sha1, sha2_256) VALUES (X'$(hex 43 32)', X'$(hex 44 40)', X'$(hex 45)');
END
imported kdb kdb 3 1 known.kdb
says err "known.kdb:3: a digest is a number"
found kdb md5 "$(hex 41 32)" "$(hex 42 32)" "$(hex 43 32)"
found kdb sha1 "$(hex 44 40)"
found kdb sha256 "$(hex 45)"

# The NSRL passes files over: version 2, version 1, and version 3, which is a database.
i=51
for name in a b c d; do
	"$MKPICTURE" --seed $i --size 200x150 $name.png
	i=$((i + 1))
done
sha1() {
	sha1sum "$1" | cut -c 1-40 | tr a-f A-F
}
md5() {
	md5sum "$1" | cut -c 1-32 | tr a-f A-F
}
mkdir v2
{
	printf '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"\r\n'
	printf '"%s","%s","01234567","a, ""x"".png",12,34,"WIN",""\r\n' "$(sha1 a.png)" "$(md5 a.png)" "$(sha1 a.png)" "$(md5 a.png)"
	printf '"%s"\r\n' "$(sha1 a.png)"
} >v2/NSRLFile.txt
run 0 import --list nsrl v2/NSRLFile.txt
says err "'nsrl' becomes a list of kind exclude: scans pass over its files, which are known, not known to be good"
says out "1 added, 0 changed, 0 unchanged, 0 withdrawn; 1 bad line"
is "kind" exclude "$(count nsrl kind)"
{
	echo '"SHA-1","FileName","FileSize","ProductCode","OpSystemCode","MD4","MD5","CRC32","SpecialCode"'
	echo "\"$(sha1 b.png)\",\"b.png\",12,34,\"WIN\",\"$(md5 a.png)\",\"$(md5 b.png)\",\"01234567\",\"\""
} >v1.txt
run 0 --json import --list nsrl --format nsrl v1.txt
is "version 1" 1 "$(json -g added <out)"
"$HELPER" sqlite rds.db <<END
CREATE TABLE METADATA (object_id INTEGER, sha256 TEXT, sha1 TEXT, md5 TEXT, file_name TEXT, extension TEXT);
CREATE VIEW FILE AS SELECT sha256, sha1, md5, file_name FROM METADATA;
INSERT INTO METADATA VALUES (1, NULL, '$(sha1 c.png)', '$(md5 c.png)', 'c', 'png');
END
run 0 --json import --list rds rds.db
is "version 3" "$(printf '1\t0')" "$(json -g added -g bad <out)"
is "kind" exclude "$(count rds kind)"
run 0 --json scan --all ./*.png
is "passed over" "3 0 1" "$(summary excluded) $(summary match) $(summary no_match)"
for name in a b; do
	is "$name" nsrl "$(json -w type=file -w "path=./$name.png" -g excluded_by.0.list <out)"
done
is "c" rds "$(json -w type=file -w path=./c.png -g excluded_by.0.list <out)"

# Kinds do not mix by accident.
run 2 import --list sums v2/NSRLFile.txt
says err "the list's kind is known, and the input's format is of files to pass over: nothing was imported"
run 2 import --list nsrl --kind known v2/NSRLFile.txt
says err "the list is there already, and its kind is exclude: nothing was imported"
run 64 import --list new v2/NSRLFile.txt list.md5
says err "import them one after the other, or say --kind"
run 2 list show new
run 0 --json import --list sums --kind known v2/NSRLFile.txt
is "when it is meant" 1 "$(json -g added <out)"

# Read as what it is not: what to say instead, which then works.
echo "$(hex 81),100,/x/a, b.jpg" >hasher.txt
run 2 import --list hasher hasher.txt
says err "'hasher.txt' looks like what PDQ's hasher prints: say --format csv --no-header --columns pdq=#1,quality=#2"
run 0 --json import --list hasher --format csv --no-header --columns pdq=#1,quality=#2 hasher.txt
is "taken" "$(printf '1\t0')" "$(json -g added -g bad <out)"
cp list.hashdeep deep.txt
run 2 import --list hasher deep.txt
says err "'deep.txt' looks like what hashdeep prints: say --format hashdeep"
echo "$(hex 82)" >bare.csv
run 2 import --list hasher bare.csv
says err "'bare.csv' looks like hashes of 256 bits: say --algorithm pdq, or of SHA-256 --format sums"
for options in '' '-q'; do
	# shellcheck disable=SC2086 # none or one
	run 2 $options import --list hasher --format csv --no-header --columns md5=#1 hasher.txt
	says_not err "looks like"
done
run 2 -q import --list hasher deep.txt
says_not err "looks like"

# What is no such file: a sentence each.
printf 'UPDATE METADATA SET md5 = 1;\n' >delta.db
run 2 import --list x delta.db
says err "'delta.db': the file is text, not an SQLite database; SQL, such as a delta of the NSRL, is not run"
run 2 import --list x --format nsrl rds.db
says err "the input is an SQLite database (perhaps of the format kdb or rds), not text"
run 2 import --list x --format kdb rds.db
says err "the database has no table 'hashes' with digests"
run 2 import --list x --format rds known.kdb
says err "the database has no table 'METADATA' with digests"
"$HELPER" sqlite view.kdb <<END
CREATE TABLE t (md5);
CREATE VIEW hashes AS SELECT md5 FROM t;
END
run 2 import --list x view.kdb
says err "no table 'hashes'"
head -c 6000 known.kdb >cut.kdb
run 2 import --list x cut.kdb
says err "'cut.kdb': the database is damaged"
cp known.kdb busy.kdb
echo x >busy.kdb-wal
run 2 import --list x busy.kdb
says err "in a file beside it that ends in '-wal'"
run 2 import --list x missing.kdb
says err "'missing.kdb': "
feed 2 import --list x --format kdb - <known.kdb
says err "'standard input': the format kdb is a database: name its file"
for format in hfind encase hashkeeper nsrl; do
	run 2 import --list x --format $format list.md5
	says err "tutela: 'list.md5': "
done
run 64 import --list x --format sqlite list.md5
says err "'sqlite' is not one of text, csv, "
run 2 list show x
ls -a >files
says_not files known.kdb-

# PhotoDNA as base64 and as hexadecimal: the same value.
awk 'BEGIN { for (i = 0; i < 48; i++) printf "EjRW" }' >value
awk 'BEGIN { for (i = 0; i < 48; i++) printf "123456" }' >value.hex
echo "photodna $(cat value) p1" >dna.txt
printf 'id,photodna\np2,%s\np3,%s\np4,%s=\n' "$(cat value)" "$(cat value.hex)" "$(head -c 191 value)" >dna.csv
run 0 --json import --list dna dna.txt dna.csv
is "PhotoDNA" "$(printf '3\t1')" "$(json -g added -g bad <out)"
run 0 export --list dna
is "as hexadecimal" 3 "$(grep -cx "photodna $(cat value.hex) p[123]" out)"

# --replace compares with the version before: what vanished can be listed, later too.
awk 'BEGIN { for (i = 100; i < 110; i++) printf "md5 %032x e%d\n", i, i }' >v1
grep -v 'e10[01]$' v1 >v2.txt
grep -v 'e10[02]$' v1 >v3
run 0 import --list full v1
run 0 import --list full --replace v2.txt
says out "version 2: 0 added, 0 changed, 8 unchanged, 2 withdrawn"
says err "what vanished: tutela list vanished full --since 1"
run 0 list vanished full
is "vanished" "e100 e101 " "$(tr '\n' ' ' <out)"
says err "2 entries vanished"
run 0 --json import --list full --replace v3
is "counts" "$(printf '0\t1\t7\t1\t3')" "$(json -g added -g changed -g unchanged -g withdrawn -g version <out)"
run 0 --json list vanished full --since 2
is "since" "$(printf 'vanished\tfull\te102\t3')" "$(json -g type -g list -g entry -g version <out)"
run 0 list vanished full
is "one came back" "e100 e102 " "$(tr '\n' ' ' <out)"
run 0 withdraw --list full e103
run 0 list vanished full --since 3
empty out
run 2 list vanished none
run 64 list show full --since 1
says err "'--since'"
run 0 --json import --list full --replace v3
is "the same again" "$(printf '0\t1\t7\t0')" "$(json -g added -g changed -g unchanged -g withdrawn <out)"

# A file that was cut off does not empty a list.
head -n 4 v3 >cut
run 0 --json import --list full --replace cut
is "half" 4 "$(json -g withdrawn <out)"
head -n 1 v3 >cut
run 2 import --list full --replace cut
says err "the input lacks more than half of the list's entries: nothing was imported"
is "still there" 4 "$(count full active)"
run 0 check
run 0 --json import --list full --replace --force cut
is "forced" 3 "$(json -g withdrawn <out)"
run 64 import --list full --force cut
says err "--force is for --replace"
run 0 check

# Bad lines are kept with the list, until newer ones take their place.
printf 'md5 %s\nmd5 12\nsha1 %s e1\n' "$(hex 91 32)" "$(hex 92 40)" >part.txt
printf 'md5,id\n%s,"two' "$(hex 93 32)" >more.csv
run 0 --json import --list kept part.txt more.csv
is "kept" "$(printf '2\t2')" "$(json -g added -g bad <out)"
run 0 --json list held kept
is "positions" "part.txt, line 2:more.csv, line 2:" "$(json -w type=held -g position <out | tr '\n' ':')"
json -w type=held -g reason <out >reasons
says reasons "the value has not the length of its algorithm" "a quoted cell is not closed"
run 2 import --list kept --strict part.txt
run 0 --json list held kept
is "nothing of what was refused" 2 "$(json -w type=held -c <out)"
run 0 --json list held encase
is "records" "set.hash, record 3" "$(json -w type=held -g position <out | sort -u)"
run 0 --json list held kdb
is "rows" "known.kdb, row 3" "$(json -w type=held -g position <out | sort -u)"
run 0 check
