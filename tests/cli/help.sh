# SPDX-License-Identifier: Apache-2.0
# What --help says, the manual page describes and the completion completes: every command, verb and option.
. "$TESTS/lib.sh"
export LC_ALL=C

man=$TESTS/../../tools/man/tutela.1
completion=$TESTS/../../tools/completion.bash

# options: those of the help in `out`
options() {
	sed -nE 'h; s/^  (-[a-zA-Z0-9]), .*/\1/p; g; s/^  (-., |    )(--[a-z0-9-]+).*/\2/p' out | sort -u
}

run 0 --help
sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' out >commands
[ "$(wc -l <commands)" -gt 15 ] || fail "no commands in the help"
cp out main.txt
for words in "help help" "help --help" "help -h" "--help help"; do
	run 0 $words
	cmp out main.txt
done

while read -r command; do
	run 0 "$command" --help
	[ "$command" = help ] || says out "usage: tutela $command"
	says out "--store DIR"
	options >options.$command
	# Words of the synopsis that are no option and no argument, such as `suspend|resume`.
	tr -d "[]" <out | sed -n "s/^.* tutela $command \([a-z|]*\).*/\1/p" | tr "|" "\n" | sort -u | grep . >verbs.$command || :

	[ "$command" = help ] || grep -q "^\.It Cm $command\$\|^\.It Cm $command " "$man" || fail "$command: not in the manual page"
	sed -E -n 's/^--(.*)/\1/p' options.$command | while read -r option; do
		grep -qE -- "Fl (.* )?-$option( |$)" "$man" || fail "$command --$option: not in the manual page"
	done
	while read -r verb; do
		grep -qE "^\.It Cm $command (Cm )?(.* )?$verb( |\$)" "$man" || fail "$command $verb: not in the manual page"
	done <verbs.$command
done <commands

command -v bash >/dev/null || {
	echo "no bash"
	exit 77
}
cat >complete.bash <<'END'
. "$1"
shift
COMP_WORDS=("$TUTELA" "$@")
COMP_CWORD=$#
_tutela
printf '%s\n' "${COMPREPLY[@]}" | sort -u | grep . || :
END
completes() {
	bash complete.bash "$completion" "$@" 2>/dev/null
}
completes '' >found
sort commands | cmp - found
completes help '' | cmp - found
while read -r command; do
	[ "$command" != help ] || continue
	completes "$command" - | sort | diff - options.$command || fail "$command: options"
	[ -s verbs.$command ] || continue
	completes "$command" '' | diff - verbs.$command || fail "$command: verbs"
done <commands

# Values, as the program itself names them.
for words in "import --format" "export --format" "report --format" "list --kind" "list --action" "source --type" \
	"scan --variants" "scan --flood-action"; do
	set -- $words
	case $1 in
	list) run 64 list create l "$2" nonsense ;;
	source) run 64 source add s --url . "$2" nonsense ;;
	scan) run 64 scan . "$2" nonsense ;;
	report) run 64 report --from x "$2" nonsense ;;
	export) run 64 export --list l "$2" nonsense ;;
	*) run 64 "$1" --list l "$2" nonsense x ;;
	esac
	sed -n "s/^tutela: .*'nonsense' is not one of //p" err | sed 's/, or / /; s/ or / /' | tr -d ',' | tr ' ' '\n' | sort >expected
	[ -s expected ] || {
		cat err >&2
		fail "$words: no list of values"
	}
	completes "$@" '' | diff - expected || fail "$words: values"
done
