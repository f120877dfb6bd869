#!/usr/bin/env bash
# Ends what start.sh DIR started, by process id, and waits until it has ended.
dir=$(cd "$1" && pwd) || exit 1
for file in "$dir/slurmd.pid" "$dir/slurmctld.pid" "$dir/munge/pid"; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    kill "$pid" 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
done
true
