# SPDX-License-Identifier: Apache-2.0
# sync: signed bundles from a folder and over HTTPS, with the faults of both.
. "$TESTS/lib.sh"

SERVER=$(dirname "$MKPICTURE")/file-server
command -v openssl >/dev/null || {
	echo "no openssl here"
	exit 77
}
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	server=
}
trap stop EXIT

# serve OPTION...: the folder pub; $port is where.
serve() {
	stop
	rm -f port
	"$SERVER" pub port "$@" &
	server=$!
	for _ in $(seq 100); do
		[ ! -e port ] || break
		sleep 0.05
	done
	port=$(cat port)
}

# source_at URL OPTION...: the source "one" is there now.
source_at() {
	"$TUTELA" source remove one --yes >/dev/null 2>&1 || :
	url=$1
	shift
	run 0 source add one --url "$url" --key key.pub "$@"
}

# line KEY: of the one line that sync wrote
line() {
	json -w type=sync -g "$1" <out
}

# refused STATUS TEXT...: a sync that does not go well, and says so.
refused() {
	how=$1
	shift
	run 2 --json sync one
	is "status" "$how" "$(line status)"
	for text in "$@"; do
		says err "$text"
		case $(line reason) in *"$text"*) ;; *) fail "the line does not say: $text" ;; esac
	done
}

# ------------------------------------------------------------------ who publishes

run 0 init
run 0 -d focal init
i=0
while [ $i -lt 3 ]; do
	i=$((i + 1))
	echo "pdq $(hex $i) e$i"
done >hashes
# Enough that a file can be cut and taken up again: digests that do not compress.
head -c 48000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | od -An -v -tx1 -w16 | tr -d ' ' |
	awk '{ print "md5 " $1 " m" NR }' >>hashes
run 0 -d focal import -l national hashes
run 0 key generate --no-passphrase --out key
run 0 -d focal publish --list national --key key --out pub

# ------------------------------------------------------------------ a folder

source_at pub
run 0 --json sync --dry-run
is "dry run" "3003 true" "$(line added) $(line dry_run)"
run 0 lookup --pdq "$(hex 1)"
run 0 --json --progress sync
bytes=$(stat -c %s pub/national.1.full.zst)
is "progress" "reading: $bytes of $bytes bytes" "$(tail -n 1 err | tr -d ',' | cut -d ' ' -f 1-5)"
is "first" "one national 0 3003 0 0 0 ok null" \
	"$(line source) $(line list) $(line from_version) $(line added) $(line changed) $(line withdrawn) $(line quarantined) $(line status) $(line reason)"
run 1 lookup --pdq "$(hex 1)"
run 0 --json list show national
is "its source" one "$(json -w type=list -g source <out)"
# Nothing enters a source's list but what it has issued: a hit would name it.
echo "pdq $(hex mine) mine" >mine
for how in "" "--replace --force"; do
	run 2 import --list national --format text $how mine
	says err "tutela: 'national': this list comes from the source 'one': nothing was imported"
done
run 0 lookup --pdq "$(hex mine)"
run 0 import --list own --format text mine
run 1 lookup --pdq "$(hex mine)"
run 0 sync one
says out "source 'one', list 'national', version" "nothing new"
run 0 source show one
says_not out "last success   -"
[ ! -e "$TUTELA_STORE/staging" ] || fail "the staging folder is still there"

echo "pdq $(hex new) new" >new
run 0 -d focal import -l national new
run 0 -d focal publish --list national --key key --out pub
run 0 --json sync one
is "delta" "1 1 2" "$(line added) $(line from_version) $(line to_version)"
run 1 lookup --pdq "$(hex new)"

# Who asks to stop while a large list is read is heard, and nothing of it is taken.
awk 'BEGIN { while (n++ < 200000) printf "md5 %08x%08x%08x%08x\n", n, n * 7, 99, n }' >large
run 0 -d large-focal init
run 0 -d large-focal import -l large large
run 0 -d large-focal publish --list large --key key --out pub-large
run 0 -d stopped init
run 0 -d stopped source add large --url "$PWD/pub-large" --key key.pub
all=$(stat -c %s pub-large/large.1.full.zst)
"$TUTELA" -d stopped sync >out 2>err &
sync=$!
i=0
until find stopped/staging -type f -size "${all}c" 2>/dev/null | grep -q . || [ $i -ge 500 ]; do
	i=$((i + 1))
	sleep 0.02
done
kill -INT $sync
got=0
wait $sync || got=$?
is "stopped" 2 $got
says err "interrupted"
run 0 -d stopped --json list
empty out
run 0 -d stopped sync
says out "version 1 after 0: 200,000 added"

# The stick is not there; a link and a pipe in the place of a file; another key.
mv pub away
refused failed "no such file or directory"
run 0 --json status
case $(json -w type=status -g sources.0.last_error <out) in *"no such file"*) ;; *) fail "status does not tell" ;; esac
run 0 status
says out "last try failed"
mv away pub
mkdir trick
cp pub/* trick
rm trick/root.1.json
ln -s "$PWD/pub/root.1.json" trick/root.1.json
run 0 source add trick --url trick --key key.pub
run 2 sync trick
says err "'trick': refused" "not a regular file"
rm trick/root.1.json
mkfifo trick/root.1.json
timeout 20 "$TUTELA" sync trick >out 2>err && fail "a pipe was read"
says err "not a regular file"
run 0 source remove trick --yes
run 0 key generate --no-passphrase --out strange
run 0 source add strange --url pub --key strange.pub
run 2 --json sync strange
is "strange key" refused "$(line status)"
run 0 source remove strange --yes

# ------------------------------------------------------------------ suspended, unknown, none

run 0 source suspend one
run 0 --json sync
is "skipped" one "$(json -w type=sync-skipped -g source <out)"
run 2 sync one
run 2 sync nobody
says err "'nobody': no such source in this store"
run 0 source resume one
run 0 -d empty init
run 0 -d empty sync
says err "there is no source in this store"

# ------------------------------------------------------------------ expired

run 0 list set national --expires 2020-01-01
run 0 status
says out "EXPIRED: list 'national'"
says err "'national': this list expired on 2020-01-01"
run 1 lookup --pdq "$(hex 1)"
says err "'national': this list expired on 2020-01-01"

# ------------------------------------------------------------------ HTTP to this machine

serve --log log
source_at "http://127.0.0.1:$port/"
http_proxy=http://127.0.0.1:1 run 0 --json sync
is "over HTTP" "3004 ok" "$(line added) $(line status)"

# 503 twice, then what was asked for.
serve --fail 2 503
source_at "http://127.0.0.1:$port"
run 0 sync one
serve --redirect http://127.0.0.1:1/
source_at "http://127.0.0.1:$port"
refused failed "sends elsewhere (status 302), which is not followed"
serve --fail 1 404
source_at "http://127.0.0.1:$port"
refused refused "there is no 'root.1.json'"
serve --headers 2000 --fail 99 404
source_at "http://127.0.0.1:$port"
refused failed "the headers of the answer are longer than 256 KiB"
# One that drips, or stands still, has its time and no more.
serve --stall 10
source_at "http://127.0.0.1:$port"
run 2 sync --time-limit 1
says err "the source takes longer than 1 s in all"
serve --endless
source_at "http://127.0.0.1:$port"
refused refused "'root.1.json' is longer than"
stop
refused failed "connect"

# A password: from a file of mode 0600 or the environment, and in no sentence.
serve --user me:geheim
source_at "http://127.0.0.1:$port" --credentials secret
refused failed "'$PWD/secret': no such file or directory"
printf 'me:geheim\n' >secret
chmod 644 secret
refused failed "set its mode to 0600"
chmod 600 secret
run 0 sync one
printf 'me:falsch\n' >secret
refused failed "the server does not let us in (status 401)"
says_not err "falsch"
says_not out "falsch"
printf 'geheim' >secret
refused failed "not user:password"
says_not err "geheim"
source_at "http://127.0.0.1:$port"
refused failed "(status 401)"
TUTELA_CREDENTIALS_ONE=me:geheim run 0 sync one
! grep -rq geheim "$TUTELA_STORE" || fail "a password is in the store"

# Cut short once: it goes on where it broke off.
rm -f log
serve --cut 30000 --log log
source_at "http://127.0.0.1:$port"
run 0 --json sync one
is "cut" 3004 "$(line added)"
grep -q '^206 /.* 30000$' log || fail "it did not go on at 30000: $(cat log)"
# The same from a server that does not know ranges.
serve --cut 30000 --no-range
source_at "http://127.0.0.1:$port"
run 0 --json sync one
is "cut, no ranges" 3004 "$(line added)"

# ------------------------------------------------------------------ a second sync, an end in the middle

serve --stall 25000
source_at "http://127.0.0.1:$port"
"$TUTELA" --json sync one >first 2>first.err &
sync=$!
for _ in $(seq 200); do
	[ "$(cat "$TUTELA_STORE"/staging/one/* 2>/dev/null | wc -c)" -lt 20000 ] || break
	sleep 0.05
done
is "mode" 700 "$(stat -c %a "$TUTELA_STORE/staging/one")"
run 2 sync one
says err "another sync of this store is running, process $sync"
run 0 check
kill -INT "$sync"
got=0
wait "$sync" || got=$?
check_status 2 $got "a sync that was interrupted"
says first.err "interrupted"
is "interrupted" failed "$(json -w type=sync -g status <first)"
run 0 lookup --pdq "$(hex 1)"
# From where it was, although the server has another port now.
rm -f log
serve --log log
run 0 source add moved --url "http://127.0.0.1:$port" --key key.pub
mv "$TUTELA_STORE/staging/one" "$TUTELA_STORE/staging/moved"
run 0 --json sync moved
is "taken up" 3004 "$(line added)"
grep -q '^206 /.* [1-9][0-9]*$' log || fail "it began again: $(cat log)"
run 1 lookup --pdq "$(hex 1)"
run 0 source remove moved --yes

# ------------------------------------------------------------------ HTTPS

ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
for name in ca other; do
	# shellcheck disable=SC2086 # a list of words
	openssl req -x509 $ec -keyout $name.key -out $name.pem -subj /CN=$name 2>/dev/null
done
certificate() { # NAME SUBJECT_ALT_NAME
	printf 'subjectAltName=%s\n' "$2" >ext
	# shellcheck disable=SC2086
	openssl req $ec -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$1.pem" -days 2 -extfile ext 2>/dev/null
}
certificate server DNS:localhost,IP:127.0.0.1
certificate elsewhere DNS:elsewhere.example.org
certificate client DNS:client

serve --tls server.pem server.key
source_at "https://127.0.0.1:$port/" --ca ca.pem
run 0 --json sync one
is "over HTTPS" "3004 ok" "$(line added) $(line status)"
https_proxy=http://127.0.0.1:1 run 2 sync one
says err "127.0.0.1 port 1"
source_at "https://127.0.0.1:$port" --ca other.pem
refused failed "SSL certificate problem"
source_at "https://127.0.0.1:$port"
refused failed "SSL certificate problem"
source_at "https://127.0.0.1:$port" --ca nowhere.pem
run 2 sync one
says err "nowhere.pem': no such file or directory"
serve --tls elsewhere.pem elsewhere.key
source_at "https://127.0.0.1:$port" --ca ca.pem
refused failed "no alternative certificate subject name matches"
serve --tls server.pem server.key --client-ca ca.pem
source_at "https://127.0.0.1:$port" --ca ca.pem
refused failed "does not let us in (status 403)"
source_at "https://127.0.0.1:$port" --ca ca.pem --client-cert client.pem --client-key client.key
run 0 sync one

# ------------------------------------------------------------------ the end of a source

run 1 lookup --pdq "$(hex 1)"
if command -v script >/dev/null; then
	printf 'n\n' | script -qec "$TUTELA source remove one" /dev/null >tty || :
	says tty "Remove the source 'one' and its 1 list with 3,004 active entries? [y/N]" "not removed"
	run 1 lookup --pdq "$(hex 1)"
	printf 'y\n' | script -qec "$TUTELA source remove one" /dev/null >tty
	says tty "removed the source 'one'"
else
	run 0 source remove one --yes
fi
run 0 lookup --pdq "$(hex 1)"
run 2 list show national
run 0 check
