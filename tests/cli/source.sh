# SPDX-License-Identifier: Apache-2.0
# source: adding, showing, suspending and removing; what is refused, and with which words.
. "$TESTS/lib.sh"

key=RWQ00000000000000000000000000000000000000000000000000001
other=RWQ00000000000000000000000000000000000000000000000000002
printf 'untrusted comment: minisign public key\n%s\n' "$other" >other.pub
mkdir folder
run 0 init

# Adding: a folder's path becomes absolute, keys come as files and as text.
run 0 --json source list
empty out
run 0 --json source add one --url folder --key "$key" --key other.pub --threshold 2 --country DE
is "name" one "$(json -w type=source -g source <out)"
is "feed" bundle "$(json -w type=source -g feed <out)"
is "url" "$PWD/folder" "$(json -w type=source -g url <out)"
is "country" DE "$(json -w type=source -g country <out)"
is "threshold" 2 "$(json -w type=source -g threshold <out)"
says out "\"keys\":[\"$key\",\"$other\"]"
run 0 source add two --type bundle --url https://example.org/lists/ --key other.pub --ca ca.pem
says out "https://example.org/lists/" "$PWD/ca.pem" "last success   -"
run 0 source add three --url http://[::1]:8080/x --key "$key"
run 0 source add four --url http://127.0.0.2 --key "$key"
run 0 source add five --url http://localhost --key "$key"
run 0 source
is "sources" 6 "$(wc -l <out)"
says out "SOURCE" "one" "two"
run 0 --json source list
is "in order" "five four one three two" "$(json -w type=source -g source <out | tr '\n' ' ' | sed 's/ $//')"
run 0 source show two
says out "(D3344DD3344DD334)"

# What is wrong with a line is said, and nothing is added.
bad() { # STATUS TEXT WORD...
	status=$1 text=$2
	shift 2
	run "$status" source "$@"
	says err "$text"
}
bad 2 "'one': there is such a source already" add one --url folder --key "$key"
bad 64 "say where the source is" add x --key "$key"
bad 64 "needs its public key" add x --url folder
bad 64 "3 keys must sign, but 1 are given" add x --url folder --key "$key" --threshold 3
bad 64 "'bundel' is not one of bundle, ncmec" add x --url folder --key "$key" --type bundel
bad 64 "http:// is for this machine itself" add x --url http://example.org --key "$key"
bad 64 "http:// is for this machine itself" add x --url http://127.0.0.1.example.org/ --key "$key"
bad 64 "http:// is for this machine itself" add x --url http://localhost.example.org/ --key "$key"
bad 64 "only https:// is spoken" add x --url ftp://example.org --key "$key"
bad 64 "only https:// is spoken" add x --url file:///etc --key "$key"
bad 64 "must not hold a user or a password" add x --url https://me:secret@example.org --key "$key"
says_not err "secret"
bad 64 "must not hold a '#'" add x --url https://example.org/#a --key "$key"
bad 64 "an address without a query" add x --url 'https://example.org/?a' --key "$key"
bad 64 "no address of a web server" add x --url https:// --key "$key"
bad 64 "--ca, --client-cert and --client-key are for https://" add x --url folder --key "$key" --ca ca.pem
bad 64 "belong together" add x --url https://example.org --key "$key" --client-cert a.pem
bad 64 "bundles name their own lists" add x --url folder --key "$key" --list l
bad 64 "for sources of the type ncmec" add x --url folder --key "$key" --member 1
bad 2 "'x': its country is not two upper-case letters" add x --url folder --key "$key" --country de
bad 2 "its name is not letters" add a/b --url folder --key "$key"
bad 2 "'local' is the name of what was imported here" add local --url folder --key "$key"
bad 2 "a key is there twice" add x --url folder --key "$key" --key "$key"
bad 2 "'nowhere.pub': no such file or directory" add x --url folder --key nowhere.pub
head -c 40 /dev/zero >zeros.pub
bad 2 "'zeros.pub': not an Ed25519 public key of minisign" add x --url folder --key zeros.pub
bad 2 "not an Ed25519 public key of minisign" add x --url folder --key SWQ00000000000000000000000000000000000000000000000000001
bad 64 "'frob': not one of add, set, list, show, members, suspend, resume, remove" frob x
bad 64 "'show': name one source" show
bad 64 "takes no options of 'add'" show one --key "$key"
bad 2 "'x': no such source in this store" show x
bad 2 "'x': no such source in this store" suspend x
bad 2 "'x': no such source in this store" remove x --yes
long=$(printf '%0200d' 1)
bad 64 "at most 127 bytes" add "$long" --url folder --key "$key"
run 0 --json source list
is "still" 5 "$(json -w type=source -c <out)"

# Suspended and resumed; what was done is in the audit trail of the store, which stays whole.
run 0 --json source suspend one
is "suspended" true "$(json -w type=source -g suspended <out)"
run 0 source show one
says out "one (suspended)"
run 0 --json source resume one
is "resumed" false "$(json -w type=source -g suspended <out)"
run 0 check

# Changing: only what is named, with an audit record that says what was; type, list and members stay.
run 0 --json source set one --url https://example.org/one --ca ca.pem --country FR
is "url" https://example.org/one "$(json -w type=source -g url <out)"
is "ca" "$PWD/ca.pem" "$(json -w type=source -g ca <out)"
is "country" FR "$(json -w type=source -g country <out)"
is "threshold stays" 2 "$(json -w type=source -g threshold <out)"
says out "\"keys\":[\"$key\",\"$other\"]"
run 0 --json audit show
grep '"action":"source-set"' out >set.json
says set.json '"country":"FR"' "\"was\":{\"url\":\"$PWD/folder\",\"country\":\"DE\",\"ca\":\"\"}"
bad 64 "--ca, --client-cert and --client-key are for https://" set one --url folder
run 0 --json source set one --url folder --ca '' --country ''
is "country" "" "$(json -w type=source -g country <out)"
says_not out '"ca"'
run 0 source set one --key other.pub --threshold 1
says out "(D3344DD3344DD334)"
says_not out "threshold"
bad 64 "say what to set" set one
bad 64 "do not change: remove it and add it again" set one --type ncmec
bad 64 "do not change: remove it and add it again" set one --list l
bad 64 "do not change: remove it and add it again" set one --member 1
bad 64 "2 keys must sign, but 1 are given" set one --threshold 2
bad 64 "belong together" set two --client-cert a.pem
bad 64 "say where the source is" set one --url ''
bad 2 "'x': no such source in this store" set x --country DE
bad 2 "'one': its country is not two upper-case letters" set one --country d
run 0 check

# Removing asks; without a terminal it wants --yes. The source's lists go with it.
run 64 source remove one
says err "say --yes to do it"
run 0 source show one
run 0 --json source remove one --yes
is "removed" one "$(json -w type=source-removed -g source <out)"
run 2 source show one
run 0 check

# Status tells of each.
run 0 --json status
is "never" 4 "$(json -w type=status -g sources <out | grep -o '"last_success":null' | wc -l)"
run 0 status
says out "source        two: never synced, 0 lists, 0 held records"

# Held records of a list: there are none of an import.
echo "md5 $(hex 1 32) a" | feed 0 import -l mine -
run 0 list held mine
empty out
run 2 list held none
says err "'none': no such list in this store"
