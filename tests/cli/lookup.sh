# SPDX-License-Identifier: Apache-2.0
# tutela lookup: from the command line and from standard input.
. "$TESTS/lib.sh"

run 0 init
hash=$(hex 1)
near=$(echo "$hash" | sed 's/^./0/')   # up to 4 bits away
far=$(echo "$hash" | sed 's/^.\{24\}/000000000000000000000000/')
cat >list <<-END
	pdq $hash known
	md5 $(hex 2 32) digest
	phash 0123456789abcdef small
END
run 0 import --list l list

run 1 --json lookup --pdq "$hash"
is "the contract" 1 "$(json -w type=lookup -w verdict=match -r query.pdq,hits -c <out)"
keys=source,list,list_version,entry,algorithm,distance,threshold,variant,labels,action
json -r "$(echo $keys | sed 's/\([^,]*\)/hits.0.\1/g')" <out
is "the hit" "$(printf 'local\tl\t1\tknown\tpdq\t0\t31\toriginal\treport')" \
	"$(json -g hits.0.source -g hits.0.list -g hits.0.list_version -g hits.0.entry -g hits.0.algorithm \
		-g hits.0.distance -g hits.0.threshold -g hits.0.variant -g hits.0.action <out)"
run 1 lookup --pdq "$(echo "$near" | tr a-f A-F)"
says out known "/31"
run 0 lookup --pdq "$far"
says out no-match
run 0 --json lookup --pdq "$far"
is "no match" "$(printf 'no-match\t[]')" "$(json -g verdict -g hits <out)"
run 1 --json lookup --md5 "$(hex 2 32)" --pdq "$far" --phash 0123456789abcdee --md5 "$(hex 3 32)"
is "in order" "match no-match match no-match " "$(json -g verdict <out | tr '\n' ' ')"
run 0 lookup --sha1 "$(hex 1 40)" --sha256 "$hash" --dhash 0123456789abcdef

# Below the list's least quality it is not "no match".
run 2 --json lookup --quality 10 --pdq "$hash"
is "low quality" undetermined "$(json -g verdict <out)"
case $(json -g reason <out) in low-quality:*) ;; *) fail "reason" ;; esac
run 1 lookup --quality 50 --pdq "$hash"

# More entries than an answer holds: what alarms is found if it is among the nearest, and is not denied if it is not.
run 0 -d crowd init
run 0 -d crowd list create good --kind exclude
awk -v hash="$(hex 1 32)" 'BEGIN { for (i = 0; i < 10001; i++) print "md5", hash, "e" i }' >good
run 0 -d crowd import --list good good
echo "md5 $(hex 1 32) known" >bad
run 0 -d crowd import --list zz bad
run 2 --json -d crowd lookup --md5 "$(hex 1 32)"
is "a crowd" "undetermined true" "$(json -g verdict -g hits_limited <out | tr '\t' ' ')"
case $(json -g reason <out) in too-many-hits:*) ;; *) fail "reason of a crowd" ;; esac
printf 'md5 %s\nmd5 %s\n' "$(hex 1 32)" "$(hex 2 32)" | feed 2 --json -d crowd lookup --batch
is "a crowd in a batch" "undetermined no-match " "$(json -g verdict <out | tr '\n' ' ')"
run 0 -d crowd import --list aa bad
run 1 --json -d crowd lookup --md5 "$(hex 1 32)"
is "among the nearest" "match true known" "$(json -g verdict -g hits_limited -g hits.0.entry <out | tr '\t' ' ')"
run 0 -d crowd withdraw --list good e1 e2 e3
run 1 --json -d crowd lookup --md5 "$(hex 1 32)"
is "a crowd that an answer holds" "match false" "$(json -g verdict <out) $(grep -q hits_limited out && echo true || echo false)"

# Standard input.
printf 'pdq %s\r\n\n# comment\n  MD5\t%s  \nsha256 %s' "$hash" "$(hex 2 32)" "$hash" | feed 1 --json lookup
is "lines" "match match no-match " "$(json -g verdict <out | tr '\n' ' ')"
printf '%s\n' "$far" | feed 0 lookup --algorithm pdq
: | feed 0 --json lookup
empty out
printf 'pdq %s\nnonsense\npdq 12\n%s\ncrc %s\npdq %s x\n' "$far" "$hash" "$hash" "$hash" | feed 2 --json lookup
is "bad lines" 5 "$(json -w verdict=undetermined -r reason,query.line -c <out)"
is "numbers" "2 3 4 5 6 " "$(json -w verdict=undetermined -g query.line <out | tr '\n' ' ')"
says err "standard input:2: "
printf 'nonsense\npdq %s\n' "$hash" | feed 1 lookup # a match outranks trouble
printf 'pdq \000%s\n\377\376\n' "$hash" | feed 2 --json lookup
is "NUL and noise" 2 "$(json -w verdict=undetermined -c <out)"
head -c 3000000 /dev/zero | tr '\0' a | feed 2 lookup
says err "longer than"

# Every question is answered before the next one must be asked.
mkfifo ask answer
"$TUTELA" --json lookup <ask >answer 2>err &
pid=$!
exec 3>ask 4<answer
for i in 1 2 3; do
	echo "pdq $hash" >&3
	timeout 10 head -n 1 <&4 >line || fail "no answer"
	is "answer $i" match "$(json -g verdict <line)"
done
exec 3>&-
got=0
wait $pid || got=$?
exec 4<&-
is "status" 1 $got

# A reader sees one version, whatever is written meanwhile.
"$TUTELA" --json lookup <ask >answer2 2>err &
pid=$!
exec 3>ask
echo "pdq $hash" >&3
i=0
until [ -s answer2 ] || [ $i -ge 100 ]; do
	i=$((i + 1))
	sleep 0.05
done
run 0 withdraw --list l known
echo "pdq $hash" >&3
exec 3>&-
wait $pid || :
is "one snapshot" 2 "$(json -w verdict=match -c <answer2)"
run 0 lookup --pdq "$hash"

# Together or one by one, on one thread or several: the same answers in the same order.
run 0 init -d many
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	echo "pdq $(hex $i) e$i"
	echo "pdq $(hex 1) same$i"
	echo "md5 $(hex $i 32) d$i"
done >list
run 0 -d many import --list l list
{
	echo '# a comment'
	awk '{ print $1, $2 }' list
	echo "pdq $far"
	echo nonsense
	printf 'pdq \000%s\n' "$hash"
	awk '{ print $1, $2 }' list
} >questions
feed 1 -d many --json lookup <questions
cp out alone
cp err alone.err
grep -q '"verdict":"no-match"' alone || fail "nothing that does not match"
for options in --batch --batch=1 --batch=7 '--batch --threads 3' '--threads 2' --resident '--batch --resident'; do
	# shellcheck disable=SC2086
	feed 1 -d many --json lookup $options <questions
	cmp alone out || fail "lookup $options: other answers"
	cmp alone.err err || fail "lookup $options: other complaints"
	# shellcheck disable=SC2086
	feed 1 -d many lookup $options <questions
	is "lookup $options as text" 1 "$(grep -c QUERY out)"
done
run 64 lookup --batch=0
run 64 lookup --batch=65537
run 64 lookup --threads 0

# How fast it was: the last line on stderr, and the only one of its kind.
keys=entries,queries,open_ms,p50_us,p99_us,queries_per_second,threads,isa,mode
for options in '' --batch '--threads 2'; do
	# shellcheck disable=SC2086
	TUTELA_ISA=scalar feed 1 -d many lookup --stats $options <questions
	tail -n 1 err >line
	is "stats $options" 1 "$(json -w type=stats -r $keys -c <line)"
	is "one line" 1 "$(grep -c '"type":"stats"' err)"
	is "values" "$(printf '120\t241\tscalar\tmapped')" "$(json -g entries -g queries -g isa -g mode <line)"
done
is "threads" 2 "$(json -g threads <line)"
run 1 -d many --json lookup --stats --resident --md5 "$(hex 3 32)"
is "resident" "$(printf '1\t1\tresident')" "$(json -g queries -g threads -g mode <err)"
says_not out stats
: | feed 0 -d many lookup --stats
is "no queries" "$(printf '0\t0.0\t0.0')" "$(json -g queries -g p50_us -g queries_per_second <err)"
