#!/bin/bash
# A sweep of Graft: each task of this array trains some of its cells. Written by “graft sweep submit”; it may be edited, and
# submitted by hand: sbatch THIS FILE
#SBATCH --job-name={{name}}
# The tasks, and how many run at once.
#SBATCH --array={{array}}
#SBATCH --nodes=1
#SBATCH --ntasks=1
{{resources}}
# Whatever ends a task, it goes on where it was saved: Slurm may start it again.
#SBATCH --requeue
# So many seconds before its time is over, and before it has to make way for others, a task is told to save; it then queues
# itself again.
#SBATCH --signal=B:USR1@{{seconds}}
# What a task says, every try after the one before.
#SBATCH --open-mode=append
#SBATCH --output={{output}}

set -eu
# A signal that comes before Graft listens must not end the task.
trap '' USR1 TERM
{{environment}}
# With “exec” the signals reach Graft itself.
exec {{program}} sweep run \
    {{sweep}} \
{{data}}    --out {{out}} \
    --task "$((SLURM_ARRAY_TASK_ID + {{first}}))" --of {{of}}{{options}}
