#!/usr/bin/env bash
# Starts a Slurm of one machine on the loopback, with its own munge, in the empty folder DIR. Needs root, and the packages
# slurm-wlm and munge.
#
#   start.sh DIR [PORT [NODEPORT [CPUS [ARRAYSIZE]]]]
#
# Afterwards: export SLURM_CONF=DIR/slurm.conf. stop.sh DIR ends it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
mkdir -p "$dir"/{munge,state,spool,log}

head -c 1024 /dev/urandom > "$dir/munge/key"
chmod 700 "$dir/munge"
chmod 400 "$dir/munge/key"
munged --key-file="$dir/munge/key" --socket="$dir/munge/munge.socket" --pid-file="$dir/munge/pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" --force

memory=$(awk '/MemTotal/{print int($2/1024*0.8)}' /proc/meminfo)
sed -e "s#@DIR@#$dir#g" -e "s#@HOST@#$(hostname -s)#g" -e "s#@PORT@#${2:-16817}#g" -e "s#@NODEPORT@#${3:-16818}#g" \
    -e "s#@CPUS@#${4:-$(nproc)}#g" -e "s#@ARRAYSIZE@#${5:-1001}#g" -e "s#@MEM@#$memory#g" \
    "$here/slurm.conf" > "$dir/slurm.conf"

slurmctld -f "$dir/slurm.conf" -c
slurmd -f "$dir/slurm.conf"
export SLURM_CONF="$dir/slurm.conf"
for _ in $(seq 60); do
    if sinfo --noheader 2>/dev/null | grep -q idle; then
        exit 0
    fi
    sleep 0.5
done
echo "Slurm did not come up:" >&2
tail -n 5 "$dir"/log/*.log "$dir/munge/log" >&2
exit 1
