#!/bin/bash
# Features of frozen layers for a data set that is too large for one machine: an array whose tasks compute a part of the
# pictures each, into one folder, before the sweep or the runs that need them.
#
#   PRESET=mine.sweep.ron DATA=/data/pictures PARTS=32 sbatch --array=1-32 embed.sh       all parts
#   PRESET=mine.sweep.ron DATA=/data/pictures PARTS=32 bash embed.sh missing              which parts are missing
#   PRESET=mine.sweep.ron DATA=/data/pictures PARTS=32 bash embed.sh resubmit             these, submitted again
#
# Features are kept for one kind of processor and number of threads, or for one kind of graphics card. The parts, the question
# what is missing, and the sweep afterwards want the same --cpus-per-task on the same kind of node (name it by --constraint
# where a partition has several).
#SBATCH --job-name=graft-embed
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
# One card each, where cards are to compute:
##SBATCH --gpus=1
#SBATCH --requeue
# Some time before its time is over a task is told to stop; what it has computed by then stays, and “resubmit” does the rest.
#SBATCH --signal=B:TERM@120
#SBATCH --open-mode=append
#SBATCH --output=graft-embed-%A_%a.txt

set -eu
: "${PRESET:?say PRESET=, the preset or sweep, such as mine.sweep.ron}"
: "${PARTS:?say PARTS=, how many parts there are}"
graft=("${GRAFT:-graft}" embed --preset "$PRESET")
if [ -n "${DATA:-}" ]; then graft+=(--data "$DATA"); fi

# On a disk that all nodes share. The sweep afterwards needs the same.
export GRAFT_CACHE="${GRAFT_CACHE:-$HOME/.cache/graft}"

# On a node like those that compute.
missing() {
    srun --nodes=1 --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-4}" "${graft[@]}" --status "$PARTS" "$@"
}

case "${1:-compute}" in
compute)
    trap '' TERM
    # With “exec” the signals reach Graft itself.
    exec "${graft[@]}" --shard "${SLURM_ARRAY_TASK_ID:?start this with sbatch --array=1-$PARTS}/$PARTS"
    ;;
missing)
    missing
    ;;
resubmit)
    parts=$(missing --missing)
    if [ -z "$parts" ]; then
        echo "Nothing is missing."
    else
        sbatch --array="$parts" "$0"
    fi
    ;;
*)
    echo "Say nothing, “missing” or “resubmit”." >&2
    exit 2
    ;;
esac
