# SPDX-License-Identifier: Apache-2.0
# Completion for bash of tutela(1): commands, options, names of lists, files.

# The lists of the store that the command line names. Names hold nothing that needs quoting.
_tutela_lists()
{
	local i
	local -a store=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d | --store) store=(-d "${COMP_WORDS[i + 1]/#\~/$HOME}") ;;
		esac
	done
	"${COMP_WORDS[0]}" "${store[@]}" list --json 2>/dev/null | sed -n 's/.*"list":"\([^"]*\)".*/\1/p'
}

# The same of its sources.
_tutela_sources()
{
	local i
	local -a store=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d | --store) store=(-d "${COMP_WORDS[i + 1]/#\~/$HOME}") ;;
		esac
	done
	"${COMP_WORDS[0]}" "${store[@]}" source list --json 2>/dev/null | sed -n 's/.*"source":"\([^"]*\)".*/\1/p'
}

# Options as the command's own help lists them, so that they need no second table here.
_tutela_options()
{
	"${COMP_WORDS[0]}" help ${1:+"$1"} 2>/dev/null | sed -nE 'h; s/^  (-[a-zA-Z0-9]), .*/\1/p; g; s/^  (-., |    )(--[a-z0-9-]+).*/\2/p'
}

_tutela()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= verb= i
	local commands='init list import export withdraw dispute allow hash lookup scan rescan journal source sync feedback key publish report stats audit status check help'
	local algorithms='md5 sha1 sha256 pdq phash dhash photodna'

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d | --store) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${COMP_WORDS[i]}
			elif [[ -z $verb ]]; then
				verb=${COMP_WORDS[i]}
			fi
			;;
		esac
	done

	case $prev in
	-d | --store) COMPREPLY=($(compgen -d -- "$cur")) && compopt -o filenames 2>/dev/null; return ;;
	--list) COMPREPLY=($(compgen -W "$(_tutela_lists)" -- "$cur")); return ;;
	-l) [[ $command == @(import|export|withdraw|dispute|allow|audit|publish) ]] && COMPREPLY=($(compgen -W "$(_tutela_lists)" -- "$cur")) && return ;;
	-a | --algorithm) [[ $command != @(scan|rescan) ]] && COMPREPLY=($(compgen -W "$algorithms" -- "$cur")) && return ;;
	-f | --format)
		case $command in
		import) COMPREPLY=($(compgen -W 'text csv records vics ncmec stopncii threatexchange tat sums hashdeep hfind encase hashkeeper nsrl kdb rds' -- "$cur")) ;;
		report) COMPREPLY=($(compgen -W 'jsonl csv vics case html' -- "$cur")) ;;
		export) COMPREPLY=($(compgen -W 'text csv records vics sheet' -- "$cur")) ;;
		esac
		return
		;;
	--case) COMPREPLY=($(compgen -d -- "$cur")) && compopt -o filenames 2>/dev/null; return ;;
	--variants) COMPREPLY=($(compgen -W 'none standard thorough' -- "$cur")); return ;;
	--action) COMPREPLY=($(compgen -W 'report block review ignore' -- "$cur")); return ;;
	--flood-action) COMPREPLY=($(compgen -W 'flag review' -- "$cur")); return ;;
	--kind) COMPREPLY=($(compgen -W 'known exclude allow' -- "$cur")); return ;;
	--type) COMPREPLY=($(compgen -W 'bundle ncmec stopncii threatexchange tat' -- "$cur")); return ;;
	--flood) COMPREPLY=($(compgen -W 'default off' -- "$cur")); return ;;
	--plot | --checkpoint | --export | --files-from | --from | --categories) compopt -o default 2>/dev/null; return ;;
	-o | --out | --output) [[ $command == publish ]] && COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames -o default 2>/dev/null; return ;;
	--root-key | --old-key | --public-key | --root-public-key | --passphrase-file) compopt -o default 2>/dev/null; return ;;
	-k | --key | --credentials | --ca | --client-cert | --client-key | --url) compopt -o default 2>/dev/null; return ;;
	--expires) COMPREPLY=($(compgen -W 'never' -- "$cur")); return ;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(_tutela_options "$command")" -- "$cur"))
	elif [[ -z $command || $command == help ]]; then
		COMPREPLY=($(compgen -W "$commands" -- "$cur"))
	elif [[ $command == list && -z $verb ]]; then
		COMPREPLY=($(compgen -W 'show vanished held create set remove' -- "$cur"))
	elif [[ $command == list && $verb != create ]]; then
		COMPREPLY=($(compgen -W "$(_tutela_lists)" -- "$cur"))
	elif [[ $command == audit && -z $verb ]]; then
		COMPREPLY=($(compgen -W 'show export verify checkpoint repair affected' -- "$cur"))
	elif [[ $command == journal && -z $verb ]]; then
		COMPREPLY=($(compgen -W 'prune' -- "$cur"))
	elif [[ $command == key && -z $verb ]]; then
		COMPREPLY=($(compgen -W 'generate show' -- "$cur"))
	elif [[ $command == source && -z $verb ]]; then
		COMPREPLY=($(compgen -W 'add set list show members suspend resume remove' -- "$cur"))
	elif [[ $command == sync || ($command == feedback && -z $verb) || ($command == source && $verb != @(add|list)) ]]; then
		COMPREPLY=($(compgen -W "$(_tutela_sources)" -- "$cur"))
	elif [[ $command == @(import|hash|scan|init|allow|key) ]]; then
		compopt -o default 2>/dev/null
	fi
}

complete -F _tutela tutela
