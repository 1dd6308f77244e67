#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The claim "a Debian 12 with git and make only": builds such a root with
# debootstrap, clones the last commit into it, runs `make demo` and `make check`
# there, each in a clone of its own. Needs root, debootstrap and the Debian
# mirror that this machine's apt uses. Some 3 GB below $TMPDIR (/var/tmp) for a while.
# KEEP=1 leaves the root; GOALS="demo check" chooses what is run.
set -eu

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
	echo "bare: root and the package debootstrap are needed" >&2
	exit 2
fi
# All mounts below belong to this process tree and end with it.
if [ "${TUTELA_BARE_INSIDE:-}" != 1 ]; then
	TUTELA_BARE_INSIDE=1 exec unshare --mount --propagation private "$0" "$@"
fi

targets=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' |
	sed -n 's/^Debian //p' | sort -u)
mirror=$(echo "$targets" | sed -n 's/ bookworm$//p' | head -n 1)
if [ -z "$mirror" ]; then
	echo "bare: apt on this machine has no Debian 12 mirror" >&2
	exit 2
fi

root=$(mktemp -d "${TMPDIR:-/var/tmp}/tutela-bare.XXXXXX")
chmod 755 "$root"
echo "bare: Debian 12 from $mirror into $root"
debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
	tail "$root.log" >&2
	exit 2
}
rm "$root.log"
echo "$targets" | sed 's/.*/deb & main/' >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(Check-|http::|https::|Retries)' >"$root/etc/apt/apt.conf.d/99machine" || :
cp /etc/resolv.conf "$root/etc/"
git bundle create -q "$root/tutela.bundle" HEAD
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/tmp"

inside() { # a command line in the new root
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C sh -euc "$1"
}
failed=0
say() {
	echo "bare: $*"
}

# Without root and without sudo: the exact command, and a stop.
inside 'git clone -q -c advice.detachedHead=false /tutela.bundle /user && chown -R nobody /user'
inside 'cd /user && setpriv --reuid nobody --clear-groups make check' >"$root/user.log" 2>&1 && failed=1
grep -q '^ *apt-get update && apt-get install' "$root/user.log" || failed=1
[ "$failed" -eq 0 ] && say "make check without root or sudo prints the command and stops" || {
	cat "$root/user.log"
	say "make check without root or sudo: FAILED"
}
# A plain make says what to do.
inside 'cd /user && make' >"$root/plain.log" 2>&1 && failed=1
if grep -q 'make deps' "$root/plain.log"; then
	say "plain make names \`make deps\`: $(tail -n 1 "$root/plain.log")"
else
	cat "$root/plain.log"
	failed=1
fi

for goal in ${GOALS-demo check}; do
	start=$(date +%s)
	if inside "git clone -q -c advice.detachedHead=false /tutela.bundle /$goal && cd /$goal && make $goal" >"$root/$goal.log" 2>&1; then
		say "make $goal: passed in $(($(date +%s) - start)) s, packages included"
		tail -n 5 "$root/$goal.log" | sed 's/^/    /'
	else
		say "make $goal: FAILED after $(($(date +%s) - start)) s"
		tail -n 60 "$root/$goal.log" | sed 's/^/    /'
		failed=1
	fi
	# Nothing of the checkout may be changed by building it.
	[ -z "$(inside "git -C /$goal status --porcelain")" ] || {
		say "make $goal: leaves changes in the checkout"
		failed=1
	}
done

if [ "${KEEP:-}" = 1 ]; then
	say "root kept: $root"
	exit "$failed"
fi
umount -l "$root/tmp" "$root/dev/shm" "$root/dev/pts" "$root/dev" "$root/proc"
rm -rf --one-file-system "$root"
exit "$failed"
