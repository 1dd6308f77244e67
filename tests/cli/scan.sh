# SPDX-License-Identifier: Apache-2.0
# tutela scan: verdicts, the contract's fields, exit statuses, and evidence left as it was.
. "$TESTS/lib.sh"

run 0 init
mkdir disk disk/other
for i in 1 2 3 4; do
	"$MKPICTURE" --seed $i --quality 92 known-$i.jpg
	"$MKPICTURE" --seed $((100 + i)) disk/other/holiday-$i.jpg
done
run 0 --json hash known-1.jpg known-2.jpg known-3.jpg
json -g pdq <out | sed 's/.*/pdq &/' | awk '{ print $0, "picture-" NR }' >list
echo "sha256 $(sha256sum <known-4.jpg | cut -c 1-64) picture-4" >>list
run 0 import --list demo list
"$MKPICTURE" --seed 1 --quality 50 disk/recompressed.jpg
"$MKPICTURE" --seed 2 --gray --resize 400x300 disk/small-gray.png
"$MKPICTURE" --seed 3 --mirror disk/mirrored.png
cp known-4.jpg disk/exact.dat

find . -exec stat -c '%n %s %X %Y %Z' {} + | sort >before
run 1 --json scan --all disk
find . -path ./out -prune -o -path ./err -prune -o -path ./n -prune -o -exec stat -c '%n %s %X %Y %Z' {} + | sort >after
diff before after | grep 'disk/' && fail "the files were touched" || :

keys=path,size,format,width,height,md5,sha1,sha256,pdq,pdq_quality,pdq_full,verdict,perceptual,hits
is "file lines with all fields" 8 "$(json -w type=file -r $keys -c <out)"
is "one summary" 1 "$(json -w type=summary -r files,bytes,match,no_match,undetermined,excluded,seconds,lists -c <out)"
adds_up
is "matches" "8 4 4 0 0" "$(summary files) $(summary match) $(summary no_match) $(summary undetermined) $(summary excluded)"
is "lists" "$(printf 'demo\t1\tlocal\tknown')" "$(json -w type=summary -g lists.0.list -g lists.0.version -g lists.0.source -g lists.0.kind <out)"
json -w type=summary -r started,ended,machine.host,parameters.variants,lists.0.digest,lists.0.thresholds.pdq,store,jobs,tool_version <out
is "bytes" "$(cat disk/*.* disk/other/* | wc -c)" "$(summary bytes)"
hit() {
	json -w "path=disk/$1" -g hits.0.entry -g hits.0.algorithm -g hits.0.threshold -g hits.0.variant <out
}
is "recompressed" "$(printf 'picture-1\tpdq\t31\toriginal')" "$(hit recompressed.jpg)"
is "gray and smaller" "$(printf 'picture-2\tpdq\t31\toriginal')" "$(hit small-gray.png)"
is "mirrored" "$(printf 'picture-3\tpdq\t31\tflipy')" "$(hit mirrored.png)"
is "exact" "$(printf 'picture-4\tsha256\t0\toriginal')" "$(hit exact.dat)"
json -w verdict=match -r hits.0.source,hits.0.list,hits.0.list_version,hits.0.entry,hits.0.distance,hits.0.labels,hits.0.action <out
is "unrelated" no-match "$(verdict disk/other/holiday-1.jpg)"

run 1 --json scan disk
is "without --all" 4 "$(json -w type=file -c <out)"
is "all are counted" 8 "$(summary files)"
run 1 --json scan --variants none disk
is "not asked for" 3 "$(summary match)"
run 0 --json scan --variants none disk/mirrored.png
run 1 --json scan --variants thorough disk/mirrored.png
run 1 scan disk
says out VERDICT "pdq " "/31" demo picture-3 flipy disk/mirrored.png "sha256 exact" "summary" "no match" "version 1"
says_not out holiday
run 1 -q scan disk
is "quiet" 4 "$(wc -l <out)"
run 0 scan disk/other
run 1 --json scan - <known-4.jpg
is "standard input" match "$(verdict -)"
cat known-4.jpg | feed 1 --json scan - disk/other

# What cannot be compared is undetermined, not "no match".
mkdir odd
: >odd/empty.jpg
head -c 9000 disk/other/holiday-1.jpg >odd/broken.jpg
printf '8BPS\000\001\000\000\000\000\000\000\000\003\000\000\000\020' >odd/unsupported.psd
"$MKPICTURE" --seed 5 --size 4x4 odd/tiny.png
"$MKPICTURE" --plain 10,20,30 odd/plain.png
echo text >odd/text.txt
echo text >odd/fake.gif
mkfifo odd/fifo
ln -s ../known-4.jpg odd/link
run 2 --json scan --all odd
adds_up
is "counts" "7 0 1 6" "$(summary files) $(summary match) $(summary no_match) $(summary undetermined)"
for row in empty.jpg:empty broken.jpg:truncated unsupported.psd:unsupported tiny.png:low-quality plain.png:low-quality \
	fake.gif:not-a-picture; do
	is "$row" undetermined "$(verdict "odd/${row%:*}")"
	case $(json -w "path=odd/${row%:*}" -g reason <out) in
	"${row#*:}: "*) ;;
	*) fail "reason of $row" ;;
	esac
done
is "reasons" "1 1 1 2 1" "$(for reason in empty truncated unsupported low-quality not-a-picture; do summary undetermined_by_reason.$reason; done | xargs)"
is "text" "$(printf 'no-match\tnot-a-picture')" "$(json -w path=odd/text.txt -g verdict -g perceptual <out)"
for name in plain tiny; do
	is "low quality" low-quality "$(json -w path=odd/$name.png -g perceptual <out)"
done
is "skipped" "1 1 2 2" "$(summary skipped_special) $(summary skipped_links) $(summary not_pictures) $(summary low_quality)"
run 1 --json scan odd known-4.jpg # a match outranks what stayed undetermined
run 0 --json scan odd/text.txt

# Where no list asks for what is similar, nothing is left open; a digest counts whatever the picture.
echo "md5 $(md5sum <odd/tiny.png | cut -c 1-32) tiny" >digests
run 0 --store exactly init
run 0 --store exactly import --list digests digests
run 0 --json --store exactly scan odd/plain.png
run 1 --json --store exactly scan odd/tiny.png
run 0 --store exactly withdraw --list digests tiny
run 0 --json --store exactly scan odd/tiny.png

# What was named and cannot be read: said, counted, status 2.
run 2 --json scan missing odd/fifo /dev/null disk/other
says err "tutela: 'missing': " "tutela: 'odd/fifo': " "tutela: '/dev/null': "
is "counts" "7 4 3 3" "$(summary files) $(summary no_match) $(summary undetermined) $(summary errors)"
adds_up
run 2 scan missing
says out "undetermined" "missing: unreadable: no such file or directory"

# A damaged copy still matches, and the hit says so.
size=$(wc -c <known-1.jpg)
head -c $((size * 99 / 100)) known-1.jpg >odd/cut.jpg
run 1 --json scan odd/cut.jpg
is "a hit by a part" "$(printf 'match\ttrue')" "$(json -w type=file -g verdict -g hits.0.partial <out)"

# A list of files to pass over.
{
	echo "md5 $(md5sum <disk/other/holiday-1.jpg | cut -c 1-32)"
	echo "md5 $(md5sum <odd/broken.jpg | cut -c 1-32)"
	echo "md5 $(md5sum <known-4.jpg | cut -c 1-32)"
} >pass
run 0 import --list pass --kind exclude pass
rm odd/cut.jpg
run 2 --json scan --all disk/other odd
adds_up
is "excluded" 2 "$(summary excluded)"
is "a known file" "$(printf 'no-match\ttrue\t[]\tpass')" \
	"$(json -w path=disk/other/holiday-1.jpg -g verdict -g excluded -g hits -g excluded_by.0.list <out)"
run 1 --json scan known-4.jpg
is "an alarm outranks it" "$(printf 'match\t-\tdemo')" "$(json -w type=file -g verdict -g excluded -g hits.0.list <out)"
is "hits are the alarms" 1 "$(summary hits)"
run 0 list remove pass --yes

# Lists that are to be ignored, expired, empty.
run 0 list set demo --action ignore
run 0 --json scan disk
run 0 list set demo --action block --expires 2001-01-01
run 1 --json scan disk
says err "tutela: warning: 'demo': this list expired"
is "the hit says it" "$(printf 'true\tblock')" "$(json -w path=disk/exact.dat -g hits.0.expired -g hits.0.action <out)"
run 0 list set demo --pdq-threshold 0 --expires never
run 1 --json scan disk/exact.dat disk/recompressed.jpg
is "threshold" 1 "$(summary match)"
run 0 init empty
run 0 -d empty scan disk
says err "the store holds no active entry"

# A file that shrinks and grows while it is read is an answer, not an end.
cp known-2.jpg moving.jpg
(
	i=0
	while [ $i -lt 300 ]; do
		: >moving.jpg
		cat known-2.jpg >moving.jpg
		i=$((i + 1))
	done
) &
pid=$!
i=0
while [ $i -lt 20 ]; do
	got=0
	"$TUTELA" --json scan moving.jpg >out 2>err || got=$?
	[ $got -le 2 ] || fail "status $got"
	adds_up
	i=$((i + 1))
done
wait $pid

# Where the time went: the last line on stderr.
for options in '' --json '-j 3 --resident'; do
	# shellcheck disable=SC2086
	TUTELA_ISA=scalar run 1 scan --stats $options disk
	tail -n 1 err >line
	is "stats $options" 1 "$(json -w type=stats -r files,seconds,jobs,read_digest_s,decode_s,lookup_s,idle_s,isa -c <line)"
	is "one line" 1 "$(grep -c '"type":"stats"' err)"
	is "values" "$(printf '8\tscalar')" "$(json -g files -g isa <line)"
done
is "jobs" 3 "$(json -g jobs <line)"
json -g read_digest_s -g decode_s -g lookup_s -g seconds <line |
	awk '{ exit !($1 > 0 && $2 > 0 && $3 > 0 && $1 + $2 + $3 <= 3 * $4) }' || fail "times: $(cat line)"

# What is computed depends on the form of the output, verdicts do not.
run 0 init -d exact
echo "md5 $(md5sum <known-1.jpg | cut -c 1-32) picture" >list
run 0 -d exact import --list exact list
mkdir mixed
cp known-1.jpg known-2.jpg mixed
head -c 3000 known-3.jpg >mixed/cut.jpg
run 1 -d exact scan --all mixed
grep -E '^(match|no-match|undetermined) ' out | sort >text
says text "known-1.jpg" "no-match" "undetermined"
run 1 -d exact --json scan --all mixed
is "verdicts" "$(cut -d ' ' -f 1 text | sort)" "$(json -w type=file -g verdict <out | sort)"
