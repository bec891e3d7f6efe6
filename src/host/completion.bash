# Completion of meanfield's command line in bash. It asks the program and its experiments, by --help,
# for options, so that it knows no list of its own.

# What `meanfield ARGUMENTS --help` says; nothing if that takes long.
_meanfield_help() {
    timeout 2 "$@" --help 2>/dev/null </dev/null
}

# The words --long and -x of a help text.
_meanfield_options() {
    grep -oE '(^|[][ (|])-(-[a-z]+|[a-zA-Z])\b' | tr -d '[](| '
}

# Whether a file is an experiment: other scripts would not answer --help, but run.
_meanfield_experiment() {
    [[ -f $1 ]] && grep -q 'mf\.experiment' "$1"
}

_meanfield_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Files, but of scripts only those in Lua.
_meanfield_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(
        compgen -d -- "$cur"
        compgen -f -X "$1" -- "$cur"
    )
}

# Behind an experiment, started by the words "$@": its own options; keys of --set with the value that they have.
_meanfield_behind() {
    if [[ $prev == --out || $cur != -* && $prev != --set ]]; then
        _meanfield_files ''
    elif [[ $prev == --set ]]; then
        compopt -o nospace 2>/dev/null
        _meanfield_words "$(_meanfield_help "$@" | sed -n 's/^  \([A-Za-z_][A-Za-z0-9_]*\)  *[^ ].*/\1=/p')"
    else
        _meanfield_words "$(_meanfield_help "$@" | _meanfield_options) --help"
    fi
}

# The commands that --help names, and the experiments that `meanfield list` does.
_meanfield_commands() {
    _meanfield_help "$program" | sed -n '/Commands are:/,$s/^  \([a-z][a-z]*\) .*/\1/p'
}

_meanfield_names() {
    timeout 2 "$program" list 2>/dev/null </dev/null | sed -n 's/^\([A-Za-z0-9_]*\) .*/\1/p'
}

# Behind a command.
_meanfield_command() {
    case $1 in
    kernel) [[ $COMP_CWORD == 2 ]] && _meanfield_words "install remove run" ;;
    run)
        if [[ $COMP_CWORD == 2 ]]; then
            _meanfield_words "$(_meanfield_names)"
        else
            _meanfield_behind "$program" run "${COMP_WORDS[2]}"
        fi
        ;;
    *)
        if [[ $prev == --out ]]; then
            _meanfield_files ''
        elif [[ $cur == -* ]]; then
            _meanfield_words "$(_meanfield_help "$program" "$1" | _meanfield_options) --help"
        elif [[ $1 != list ]]; then
            _meanfield_words "$(_meanfield_names)"
        fi
        ;;
    esac
}

_meanfield() {
    local program=$1 cur=$2 prev=$3 word before=
    COMPREPLY=()
    if ((COMP_CWORD > 1)) && _meanfield_commands | grep -qxF -- "${COMP_WORDS[1]}"; then
        _meanfield_command "${COMP_WORDS[1]}"
        return
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == *.lua && $before != -[el] ]]; then
            if _meanfield_experiment "$word" || [[ $cur != -* && $prev != --set ]]; then
                _meanfield_behind "$program" "$word"
            fi
            return
        fi
        before=$word
    done
    case $prev in
    --threads) _meanfield_words "$(seq "$(nproc)")" ;;
    -[el]) ;;
    *)
        if [[ $cur == -* ]]; then
            _meanfield_words "$(_meanfield_help "$program" | _meanfield_options)"
        else
            _meanfield_files '!*.lua'
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(_meanfield_commands)" -- "$cur")
        fi
        ;;
    esac
}

complete -F _meanfield meanfield
