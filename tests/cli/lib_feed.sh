# SPDX-License-Identifier: Apache-2.0
# A server of feeds for the tests of sync: . "$TESTS/lib_feed.sh"
# shellcheck shell=sh

FEED_SERVER=$(dirname "$MKPICTURE")/feed-server

# serve NAME OPTION...: starts it; $URL is its address. It ends with this test, and after two minutes in any case.
serve() {
	name=$1
	shift
	mkfifo "$name.in"
	"$FEED_SERVER" --life "${SERVER_LIFE:-120}" "$@" <"$name.in" >"$name.port" 2>"$name.log" &
	SERVER=$!
	exec 9>"$name.in"
	i=0
	while [ ! -s "$name.port" ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || fail "the server does not start: $(cat "$name.log")"
		sleep 0.1
	done
	URL=http://127.0.0.1:$(cat "$name.port")
}

# Its standard input ends, and with it the server.
stop_server() {
	exec 9>&-
	wait "$SERVER" || fail "the server failed"
}

# ask WHAT: of the server's control.
ask() {
	"$FEED_SERVER" ask "${URL#http://127.0.0.1:}" "/control/$1"
}
