#!/usr/bin/env bash
# Starts a Slurm of one machine on the loopback, with its own munge, in the empty folder DIR. Needs root, and the packages
# slurm-wlm and munge.
#
#   start.sh DIR [PORT [NODEPORT [CPUS [ARRAYSIZE [MEMORY]]]]]
#
# MEMORY: who watches that a job takes no more than it asked for: nobody (none), the kernel by its control groups (groups), or
# Slurm by counting now and then (counting).
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

if [ "${6:-none}" != none ]; then
    sed -i -e 's#CR_Core$#CR_Core_Memory#' "$dir/slurm.conf"
    printf '%s\n' JobAcctGatherType=jobacct_gather/linux JobAcctGatherFrequency=1 >> "$dir/slurm.conf"
fi
case "${6:-none}" in
groups)
    sed -i -e 's#proctrack/linuxproc#proctrack/cgroup#' -e 's#task/none#task/cgroup#' "$dir/slurm.conf"
    echo ConstrainRAMSpace=yes > "$dir/cgroup.conf"
    ;;
counting)
    echo JobAcctGatherParams=OverMemoryKill >> "$dir/slurm.conf"
    ;;
esac

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
