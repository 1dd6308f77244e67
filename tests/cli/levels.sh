# SPDX-License-Identifier: Apache-2.0
# TUTELA_ISA: every level of this machine gives the same bytes, of pictures and of look-ups.
. "$TESTS/lib.sh"

"$MKPICTURE" --seed 1 --size 700x500 a.jpg
"$MKPICTURE" --seed 2 --progressive b.jpg
"$MKPICTURE" --seed 3 --size 511x257 c.png
run 0 --json hash a.jpg
pdq=$(json -g pdq <out)

# Enough entries for an index with tables, a few of them near the question.
awk -v pdq="$pdq" 'BEGIN {
	srand(7)
	for (i = 0; i < 9000; i++) {
		h = ""
		for (j = 0; j < 64; j++)
			h = h substr("0123456789abcdef", 1 + int(rand() * 16), 1)
		if (i % 1000 == 0)
			h = substr(pdq, 1, 60) substr(h, 61)
		print "pdq", h, "e" i
	}
}' >list
run 0 init
run 0 import --list l list
awk 'NR % 500 == 1 { print $1, $2 }' list >ask

compared=0
for level in scalar avx2 avx512 neon; do
	TUTELA_ISA=$level
	export TUTELA_ISA
	"$TUTELA" --json --version >version 2>&1 || {
		echo "no $level here"
		continue
	}
	says version "\"$level\""
	run 0 --json hash --dihedral a.jpg b.jpg c.png
	mv out "hash.$level"
	run 1 --json lookup --pdq "$pdq"
	json -r hits.8 <out
	mv out "lookup.$level"
	feed 1 --json lookup <ask
	mv out "many.$level"
	for what in hash lookup many; do
		cmp "$what.scalar" "$what.$level" || fail "$level: $what"
	done
	compared=$((compared + 1))
done
[ "$compared" -ge 1 ] || fail "not even scalar"
if [ "$compared" -eq 1 ]; then
	echo "skipped: this machine has only scalar code"
	exit 77
fi
