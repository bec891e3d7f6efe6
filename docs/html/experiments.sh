#!/bin/sh
# experiments.sh: all experiments as one document, for the pages of HTML.
set -eu
cat <<'END'
# Experiments

One script for each figure and theorem. Each takes `--help`, `--quick` and `--set key=value`, and ends in checks whose bounds
come from theory.
END
for script in experiments/*.lua; do
    printf '\n## `%s`\n\n```lua\n' "${script#*/}"
    cat "$script"
    printf '```\n'
done
