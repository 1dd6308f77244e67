# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, usage errors, options before and after the command.
. "$TESTS/lib.sh"

commands="init list import export withdraw hash lookup scan status check"

run 0 --help
empty err
for command in $commands; do
	run 0 --help
	says out "  $command "
	run 0 "$command" --help
	says out "usage: tutela $command" "--json" "-d, --store DIR"
	empty err
	cp out help.txt
	run 0 help "$command"
	cmp out help.txt
	run 0 --help "$command"
	cmp out help.txt
done
run 0 help
says out "exit status: 0 nothing matched"
run 0 -h

run 0 --version
says out "tutela 0." "compiler" "options" "instruction set" "lmdb" "jansson" "defences           system-call filter"
TUTELA_ISA=scalar run 0 --version
says out "instruction set    scalar"
run 0 --json --version
is "version objects" 1 "$(json -w type=version -r version,library,compiler,options,instruction_set,libraries,defences -c <out)"
says out '"system_call_filter":true'
run 0 scan --version
says out "tutela 0."
TUTELA_ISA=z80 run 2 --version
says err "tutela: 'TUTELA_ISA': 'z80'"

run 64
says err "Try 'tutela --help'"
empty out
run 64 scam
says err "tutela: 'scam': no such command; did you mean 'scan'?"
run 64 stat
says err "did you mean 'status'?"
run 64 zzz
says_not err 'did you mean'
run 64 help zzz
run 64 scan --ordred .
says err "tutela: '--ordred': no such option; did you mean '--ordered'?" "Try 'tutela scan --help'"
run 64 scan -Z .
says err "tutela: '-Z': no such option"
run 64 scan
says err "name a file or folder"
run 64 scan --jobs
says err 'needs a value: N'
run 64 scan --jobs 0 .
run 64 scan --jobs 1x .
run 64 scan --jobs -1 .
run 64 scan --jobs 99999999999999999999 .
says err "'99999999999999999999' is not a number from 1 to 1024"
run 64 scan --all=yes .
says err "takes no value"
run 64 scan --variants some .
says err 'none, standard, thorough'
run 64 scan --progress --no-progress .
run 64 hash
run 64 import file
says err "--list"
run 64 import --list l
run 64 import --list l --format pdf file
says err "'pdf'"
run 64 import --list l --algorithm crc32 file
run 64 import --list l --delimiter ab file
run 64 import --list l --strict --lenient file
run 64 export
run 64 export --list l --format pdf
says err "'pdf' is not one of text, csv, records, vics"
run 64 export --list l --format ncmec
run 64 export --list l --all --format text
run 64 withdraw --list l
run 64 withdraw entry
run 64 withdraw --list l --dispute --restore entry
run 64 lookup --pdq 12
says err "tutela: '12': not 64 hex digits"
run 64 lookup something
run 64 lookup --algorithm crc32
run 64 lookup --quality 101
run 64 list show
run 64 list shwo x
run 64 list remove x
says err "--yes"
run 64 list set x
run 64 list set x --pdq-threshold 65
run 64 list --action report
run 64 status more
run 64 check more
run 64 check --queries x
run 64 init a b
run 64 -d
run 64 -d '' status
run 64 --store= status

# Global options on both sides, in every spelling; -- ends the options.
run 0 -d s1 init
for words in "-d s1 status" "status -d s1" "status --store s1" "--store=s1 status" "status -ds1" "-qds1 status"; do
	# shellcheck disable=SC2086
	run 0 $words --json
	is "$words" s1 "$(json -g store <out)"
done
run 0 --json status -d s1
is "json before" 1 "$(json -c <out)"
mkdir ./-q
"$MKPICTURE" --seed 1 ./-q/-a.jpg
run 0 -d s1 --json scan -- -q
is files 1 "$(summary files)"
run 0 hash -- -q/-a.jpg

# What is wrong on the command line is said before a store is looked for.
run 64 -d nowhere list create l --kind nonsense
run 64 -d nowhere list set l --action nonsense
# Only days that exist, and only as they are written.
for day in 2026-02-30 2027-02-29 2026-04-31 2026-13-01 2026-00-10 2026-1-1 ' 2026-01-01' 26-01-01 2026-01-01T24:00:00Z \
	2026-01-01T12:00:60Z 2026-01-01T12:00 2026-01-01T12:00:00 2026-01-01x 1969-12-31 '' never-; do
	run 64 -d nowhere list set l --expires "$day"
	says err "tutela: '--expires': '$day' is not 'never', YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"
done
run 64 -d nowhere rescan --journal --since 2026-02-30
run 64 -d nowhere audit show --since 2026-02-30
run 64 -d nowhere audit affected --since 2026-02-30
run 0 init dated
run 0 -d dated list create l --expires 2028-02-29
run 0 -d dated --json list show l
is "the end of that day" 2028-02-29T23:59:59Z "$(json -g expires <out)"
run 0 -d dated list set l --expires 2028-02-29T07:08:09Z
run 0 -d dated --json list show l
is "that moment" 2028-02-29T07:08:09Z "$(json -g expires <out)"
run 0 -d dated audit show --since 2026-02-28T00:00:00

# An option that a verb has no use for is not passed over in silence.
for words in "audit show --list l" "audit show --key k" "audit show --out f" "audit export --since 1" "audit verify --list l" \
	"audit checkpoint --export f" "audit affected --out f" "list --yes" "list show l --pdq-threshold 3" "list show l --yes" \
	"list held l --action block" "list remove l --yes --kind known" "list set l --action block --yes" \
	"list set l --action block --since 1" "source list --url ." "source list s" "source show s --yes" "source show s --url ."; do
	run 64 -d nowhere $words
	empty out
done
says err "tutela: 'show': takes no options of 'add'"
run 64 -d nowhere audit show --list l
says err "tutela: '--list': does not go with 'show'" "Try 'tutela audit --help'"

# A longer word for an option is near it.
run 64 report --output x
says err "tutela: '--output': no such option; did you mean '--out'?"
