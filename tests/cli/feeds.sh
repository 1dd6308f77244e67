# SPDX-License-Identifier: Apache-2.0
# StopNCII, ThreatExchange and Tech Against Terrorism: what is asked, what is taken, what is withdrawn, what is refused.
. "$TESTS/lib.sh"
. "$TESTS/lib_feed.sh"

A=$(hex a 64) B=$(hex b 32) C=$(hex c 32)
run 0 init

# answers NAME TEXT...: a server that gives these, one after the other; $LOG is what it was asked.
answers() {
	folder=$1
	shift
	mkdir "$folder"
	n=0
	for text in "$@"; do
		n=$((n + 1))
		printf '%s' "$text" >"$folder/$n"
	done
	LOG=$folder/log
	serve "s-$folder" --answers "$folder"
}

ids() { # LIST: active ones
	run 0 export --list "$1" --format records
	cut -f 2 out | LC_ALL=C sort | tr '\n' ' '
}

secret() { # FILE TEXT...: a credentials file
	file=$1
	shift
	printf '%s\n' "$@" >"$file"
	chmod 600 "$file"
}

# --- StopNCII: pages by token, the checkpoint from the reply, withdrawal by hashStatus.
secret sn.keys x-functions-key=funkey Ocp-Apim-Subscription-Key=subkey
answers sn \
	"{\"hasMoreRecords\":true,\"nextPageToken\":\"a/b=\",\"nextSetTimestamp\":50,\"hashRecords\":[{\"signalType\":\"ImagePDQ\",\"hashValue\":\"$A\",\"hashStatus\":\"Active\",\"lastModtimestamp\":40}]}" \
	"{\"hasMoreRecords\":false,\"nextSetTimestamp\":60,\"hashRecords\":[{\"signalType\":\"VideoMD5\",\"hashValue\":\"$B\",\"hashStatus\":\"Active\",\"lastModtimestamp\":41},7]}" \
	"{\"hasMoreRecords\":false,\"nextSetTimestamp\":70,\"hashRecords\":[{\"signalType\":\"ImagePDQ\",\"hashValue\":\"$A\",\"hashStatus\":\"Withdrawn\",\"lastModtimestamp\":65}]}" \
	'broken' 'broken' 'broken' 'broken'
run 0 source add sn --type stopncii --url "$URL/v1" --credentials sn.keys
run 0 --json sync sn
is "first" "ok 2 0 1" "$(json -w type=sync -g status -g added -g withdrawn -g quarantined <out | tr '\t' ' ')"
is "entries" "ImagePDQ:$A VideoMD5:$B " "$(ids sn)"
run 0 --json list held sn
says out "page 2, record 2" "the record is not an object"
run 0 --json sync sn
is "withdrawn" 1 "$(json -w type=sync -g withdrawn <out)"
is "left" "VideoMD5:$B " "$(ids sn)"
run 2 sync sn
says err "a page cannot be read: broken JSON in line 1"
stop_server
says "$LOG" "GET /v1/FetchHashes startTimestamp=10 pageSize=800 [" "startTimestamp=10 pageSize=800 nextPageToken=a/b= [" \
	"startTimestamp=60 pageSize=800 [" "[x-functions-key: funkey]" "[Ocp-Apim-Subscription-Key: subkey]"
is "tries of the broken page" 4 "$(grep -c startTimestamp=70 "$LOG")"
secret half x-functions-key=funkey
run 0 source add sn2 --type stopncii --url "$URL/v1" --credentials half
run 2 sync sn2
says err "the credentials lack"

# A fetch that is broken off goes on behind the pages that came.
page() { # SECONDS TYPE HASH [TOKEN]
	printf '{"hasMoreRecords":%s,"nextSetTimestamp":%d,"hashRecords":[{"signalType":"%s","hashValue":"%s","hashStatus":"Active","lastModtimestamp":%d}]}' \
		"${4+true,\"nextPageToken\":\"}${4-false}${4+\"}" "$1" "$2" "$3" "$1"
}
answers rest "$(page 50 ImagePDQ "$A" more)" 'no' 'no' 'no' 'no' "$(page 60 VideoMD5 "$B")" "$(page 60 VideoMD5 "$B")"
run 0 source add rest --type stopncii --url "$URL/v1" --credentials sn.keys
run 2 sync rest
is "what came" "ImagePDQ:$A " "$(ids rest)"
run 0 sync rest
is "all of it" "ImagePDQ:$A VideoMD5:$B " "$(ids rest)"
run 0 sync rest
stop_server
cut -d '[' -f 1 "$LOG" | uniq -c | sed 's/^ *//; s/GET .*startTimestamp/startTimestamp/' >asked
cat >expected <<-END
	1 startTimestamp=10 pageSize=800 
	5 startTimestamp=10 pageSize=800 nextPageToken=more 
	1 startTimestamp=50 pageSize=800 
END
diff asked expected || fail "the rest was asked for otherwise"

# --- ThreatExchange: deleted, not described any more, disputed; `next` stays at its host, its token out of sight.
secret te.keys 'access_token=17|hush'
answers te \
	"{\"data\":[{\"id\":\"1\",\"indicator\":\"$A\",\"type\":\"HASH_PDQ\",\"last_updated\":100,\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}},{\"id\":\"2\",\"indicator\":\"$B\",\"type\":\"HASH_MD5\",\"last_updated\":110,\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}},{\"id\":\"3\",\"indicator\":\"$C\",\"type\":\"HASH_MD5\",\"last_updated\":120,\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"}]}}]}" \
	"{\"data\":[{\"id\":\"1\",\"last_updated\":130,\"should_delete\":true},{\"id\":\"2\",\"last_updated\":140},{\"id\":\"3\",\"indicator\":\"$C\",\"type\":\"HASH_MD5\",\"last_updated\":150,\"descriptors\":{\"data\":[{\"status\":\"MALICIOUS\"},{\"status\":\"NON_MALICIOUS\"}]}}]}" \
	"{\"data\":[],\"paging\":{\"next\":\"https://elsewhere.example/?access_token=17%7Chush\"}}" \
	"{\"data\":[],\"paging\":{\"next\":\"http://127.0.0.1.elsewhere.example/?access_token=17%7Chush\"}}"
run 0 source add te --type threatexchange --url "$URL/v21.0/9" --credentials te.keys
run 0 sync te
is "entries" "1 2 3 " "$(ids te)"
run 0 sync te
is "left" "" "$(ids te)"
is "disputed" 1 "$(run 0 --json list show te && json -g disputed <out)"
run 2 sync te
says err "a page names a successor that is not at the source's address"
says_not err hush
run 2 sync te
says_not err hush
stop_server
says "$LOG" "GET /v21.0/9/threat_updates/ access_token=17|hush limit=500" "start_time=149"
! grep -rqE 'hush|funkey|subkey' "$TUTELA_STORE" || fail "a key was written into the store"

# --- Tech Against Terrorism: a token for the password; `next` as a query and as an address; deleted entries.
secret tat.keys 'me:pass word'
answers tat '{"token":"t0ken"}' \
	"{\"next\":\"after=1.5,1&order=asc\",\"checkpoint\":\"1.5,1\",\"results\":[{\"id\":1,\"hash_digest\":\"$B\",\"algorithm\":\"MD5\",\"updated_on\":1.5}]}" \
	"{\"next\":null,\"checkpoint\":\"2.5,2\",\"results\":[{\"id\":2,\"hash_digest\":\"$C\",\"algorithm\":\"MD5\",\"updated_on\":2.5}]}" \
	'{"token":"t0ken2"}' \
	"{\"next\":null,\"checkpoint\":\"3.5,1\",\"results\":[{\"id\":1,\"deleted\":true,\"updated_on\":3.5}]}" \
	'{"detail":"no"}' '{"detail":"moved"}'
printf 401 >tat/6.status
printf 404 >tat/7.status
run 0 source add tat --type tat --url "$URL" --credentials tat.keys
run 0 sync tat
is "entries" "1 2 " "$(ids tat)"
run 0 sync tat
is "left" "2 " "$(ids tat)"
run 2 sync tat
says err "the server gives no token for these credentials"
run 2 sync tat
says err "the server has no such file"
says_not err "no token"
stop_server
says "$LOG" "POST /token-auth/tcap/" "{username=me&password=pass%20word&resend=False}" \
	"GET /api/hash-list/v2/all order=asc [" "[Authorization: Bearer t0ken]" "after=1.5,1 order=asc [" "after=2.5,2 ["
says_not err "pass word"

# --- NCMEC, page by page: a page that stays broken, `next` that is refused, and one that leads astray.
secret nc.keys demo:secret
image() { # ID MD5 TIME
	printf '<image><member id="7">O</member><timestamp>%s</timestamp><id>%s</id><fingerprints><md5>%s</md5></fingerprints></image>' "$3" "$1" "$2"
}
result() { # IMAGES [NEXT]
	printf '<queryResult><images>%s</images>%s</queryResult>' "$1" "${2+<paging><next>$2</next></paging>}"
}
a=$(image a "$B" 2020-01-01T00:00:00Z) b=$(image b "$C" 2020-01-02T00:00:00Z)
broken='<queryResult><images><image><member id="7">O</member><id>c</id><fingerprints>'
next='/v2/entries?from=x&amp;to=y&amp;start=2&amp;size=1&amp;max=2'
answers nc "$(result "$a<image><id>x</id></image>" "$next")" "$broken" "$broken" "$broken" "$broken" \
	gone "$(result "$a" "$next")" "$(result "$b")" "$(result '')" \
	"$(result '' 'https://elsewhere.example/v2/entries?start=1')" \
	"$(result "$(image b "$B" 2999-01-02T00:00:00Z)")" \
	"$(result '<deletedImage><member id="7"/><id>b</id><timestamp>2020-02-01T00:00:00Z</timestamp></deletedImage>')"
printf 404 >nc/6.status
run 0 source add nc --type ncmec --url "$URL" --credentials nc.keys
run 2 sync nc
says err "'nc': list 'nc' refused: a page cannot be read: broken XML in line 1: no element found"
is "what came before is in" "7/a " "$(ids nc)"
run 0 list held nc
says out "page 1, record 2" "the entry has no member"
run 0 sync nc
is "all" "7/a 7/b " "$(ids nc)"
cut -d '[' -f 1 nc/log | sed 's/to=20[^ ]*/to=now/; s/from=20[^ ]*/from=then/' >asked
{
	echo "GET /v2/entries from=1970-01-01T00:00:00Z to=now "
	for i in 1 2 3 4; do echo "GET /v2/entries from=x to=y start=2 size=1 max=2 "; done
	echo "GET /v2/entries from=x to=y start=2 size=1 max=2 "
	echo "GET /v2/entries from=1970-01-01T00:00:00Z to=now "
	echo "GET /v2/entries from=x to=y start=2 size=1 max=2 "
	# The time since the sync before.
	echo "GET /v2/entries from=then to=now "
} >expected
cmp asked expected || {
	diff asked expected
	fail "NCMEC was asked otherwise"
}
sleep 1
run 2 sync nc
says err "a page names a successor that is not among this address's entries"
is "still" "7/a 7/b " "$(ids nc)"
# A time that has not come keeps nothing out.
sleep 1
run 0 sync nc
sleep 1
run 0 sync nc
is "gone" "7/a " "$(ids nc)"
stop_server

# --- A web page in the place of an answer is called one, whoever asks.
answers page '<!DOCTYPE html><p>Log in' '
 <html><p>Log in' '<!doctype HTML>' '<html>' '<HTML lang="en">' '<html>'
run 0 key generate --no-passphrase --out key
run 0 source add p1 --type stopncii --url "$URL/v1" --credentials sn.keys
run 0 source add p2 --type threatexchange --url "$URL/v1" --credentials te.keys
run 0 source add p3 --type tat --url "$URL" --credentials tat.keys
run 0 source add p4 --type ncmec --url "$URL" --credentials nc.keys
run 0 source add p5 --url "$URL/b" --key key.pub
for source in p1 p2 p3 p4 p5; do
	run 2 sync $source
	says err "the server answers with a web page: is the address right"
	says_not err hush
done
run 2 source members p4
says err "the server answers with a web page: is the address right"
stop_server

# --- A list that was removed is fetched whole again: what was fetched before is not here any more.
answers again \
	"{\"hasMoreRecords\":false,\"nextSetTimestamp\":50,\"hashRecords\":[{\"signalType\":\"ImagePDQ\",\"hashValue\":\"$A\",\"hashStatus\":\"Active\",\"lastModtimestamp\":40}]}" \
	"{\"hasMoreRecords\":false,\"nextSetTimestamp\":50,\"hashRecords\":[{\"signalType\":\"ImagePDQ\",\"hashValue\":\"$A\",\"hashStatus\":\"Active\",\"lastModtimestamp\":40}]}"
run 0 source add again --type stopncii --url "$URL/v1" --credentials sn.keys
run 0 sync again
run 0 list remove again --yes
run 0 sync again
is "fetched again" "ImagePDQ:$A " "$(ids again)"
stop_server
is "from the very beginning" 2 "$(grep -c startTimestamp=10 "$LOG")"

# --- Only the members that were chosen: 2^64 + 7 is not 7.
answers few "$(result "$(image a "$B" 2020-01-01T00:00:00Z)$(image b "$C" 2020-01-01T00:00:00Z | sed 's/id="7"/id="18446744073709551623"/')")"
run 0 source add few --type ncmec --url "$URL" --credentials nc.keys --member 7
run 0 sync few
is "members" "7/a " "$(ids few)"
stop_server
run 0 check
